//! The stack: its outputs, parameters and resources, as `CloudFormation` lists them.

use crate::doctor::account::{Account, CallError};
use crate::doctor::xml::Element;
use crate::failure::Failure;

const CLOUDFORMATION: &str = "cloudformation";
const VERSION: &str = "2010-05-15";
/// Maximum pages of a stack's resources. A stack has at most 500 resources, 100 on a page.
const MAX_PAGES: usize = 10;

/// A deployed stack.
#[derive(Debug)]
pub(super) struct Stack {
    /// The stack's name.
    pub(super) name: String,
    /// The status of the last operation.
    pub(super) status: String,
    outputs: Vec<(String, String)>,
    parameters: Vec<(String, String)>,
    resources: Vec<Resource>,
}

/// A resource of the stack.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    /// Its name in the template.
    pub(super) logical_id: String,
    /// Its name, address or ARN in the account.
    pub(super) physical_id: String,
    /// Its type, such as `AWS::SQS::Queue`.
    pub(super) kind: String,
}

impl Stack {
    /// Reads a stack.
    pub(super) fn read(account: &Account, name: &str) -> Result<Self, Failure> {
        let stack = [("StackName", name.to_owned())];
        let described = account.query(CLOUDFORMATION, VERSION, "DescribeStacks", &stack).map_err(|error| {
            let region = &account.region;
            let hint =
                format!("{error}\n  check the name of the stack ({name}), the region ({region}) and the credentials");
            match error {
                CallError::Refused { code, .. } => Failure::refused(code, hint),
                other @ CallError::Unreachable { .. } => other.into_failure(),
            }
        })?;
        let mut resources = Vec::new();
        let mut token = String::new();
        for _ in 0..MAX_PAGES {
            let mut parameters = stack.to_vec();
            if !token.is_empty() {
                parameters.push(("NextToken", token.clone()));
            }
            let page = account
                .query(CLOUDFORMATION, VERSION, "ListStackResources", &parameters)
                .map_err(CallError::into_failure)?;
            resources.extend(page.members("StackResourceSummaries").iter().map(Resource::from_summary));
            page.text_of("NextToken").clone_into(&mut token);
            if token.is_empty() {
                break;
            }
        }
        Ok(Self {
            name: name.to_owned(),
            status: described.text_of("StackStatus").to_owned(),
            outputs: pairs(&described, "Outputs", "OutputKey", "OutputValue"),
            parameters: pairs(&described, "Parameters", "ParameterKey", "ParameterValue"),
            resources,
        })
    }

    /// Returns an output.
    pub(super) fn output(&self, name: &str) -> Option<&str> {
        find(&self.outputs, name)
    }

    /// Returns the value of a parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        find(&self.parameters, name)
    }

    /// Whether the stack is deployed on an emulator.
    pub(super) fn is_emulated(&self) -> bool {
        self.parameter("EmulatedCdnHost").is_some_and(|host| !host.is_empty())
    }

    /// Returns the resources of a type.
    pub(super) fn of_kind<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = &'s Resource> {
        self.resources.iter().filter(move |resource| resource.kind == kind)
    }

    /// Returns a resource by its name in the template.
    pub(super) fn resource(&self, logical_id: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.logical_id == logical_id)
    }
}

impl Resource {
    fn from_summary(summary: &Element) -> Self {
        Self {
            logical_id: summary.text_of("LogicalResourceId").to_owned(),
            physical_id: summary.text_of("PhysicalResourceId").to_owned(),
            kind: summary.text_of("ResourceType").to_owned(),
        }
    }

    /// Returns the text of a finding's location.
    pub(super) fn location(&self) -> String {
        format!("{} ({})", self.logical_id, self.physical_id)
    }
}

fn pairs(document: &Element, list: &str, key: &str, value: &str) -> Vec<(String, String)> {
    let members = document.members(list).iter();
    members.map(|member| (member.text_of(key).to_owned(), member.text_of(value).to_owned())).collect()
}

fn find<'p>(pairs: &'p [(String, String)], name: &str) -> Option<&'p str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}
