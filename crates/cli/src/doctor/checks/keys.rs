//! KMS keys and secrets.

use serde_json::json;

use super::Checkup;
use crate::doctor::finding::Code;
use crate::doctor::stack::Resource;

/// Checks every key and every secret of the stack. The value of a secret is not read.
pub(super) fn check(checkup: &mut Checkup<'_>) {
    let stack = checkup.stack;
    for key in stack.of_kind("AWS::KMS::Key") {
        kms_key(checkup, key);
    }
    for secret in stack.of_kind("AWS::SecretsManager::Secret") {
        secrets(checkup, secret);
    }
}

fn kms_key(checkup: &mut Checkup<'_>, key: &Resource) {
    let request = json!({"KeyId": key.physical_id});
    let result = checkup.account.json("kms", "TrentService.DescribeKey", &request);
    let Some(described) = checkup.received("kms:DescribeKey", key, result) else { return };
    let state = described["KeyMetadata"]["KeyState"].as_str().unwrap_or_default();
    if state == "Enabled" {
        return;
    }
    let id = &key.physical_id;
    let (effect, mend) = match state {
        "PendingDeletion" => (
            "when it is gone, what it wraps is lost for ever",
            format!("at once: aws kms cancel-key-deletion --key-id {id} && aws kms enable-key --key-id {id}"),
        ),
        _ => ("packaging, licences or playback tokens fail", format!("aws kms enable-key --key-id {id}")),
    };
    checkup.report(Code::KeyUnusable, key.location(), format!("the key is in the state {state}: {effect}"), mend);
}

fn secrets(checkup: &mut Checkup<'_>, secret: &Resource) {
    let request = json!({"SecretId": secret.physical_id});
    let result = checkup.account.json("secretsmanager", "secretsmanager.DescribeSecret", &request);
    let Some(described) = checkup.received("secretsmanager:DescribeSecret", secret, result) else { return };
    if !described["DeletedDate"].is_null() {
        let what = "its deletion is scheduled, so the functions cannot read it";
        let mend = format!("aws secretsmanager restore-secret --secret-id {}", secret.physical_id);
        checkup.report(Code::SecretUnusable, secret.location(), what, mend);
    }
}
