//! The use cases of the API, wired to the AWS adapters.

use vpp_aws::environment::{Authorization, InvalidVariable};
use vpp_aws::{
    ApiTokenSecrets, Aws, DynamoCatalog, Environment, FunctionError, KmsSigner, S3ClientUploads, S3Store,
    SpekeKeyVault, SqsQueue, SystemClock,
};
use vpp_pipeline::api::authorizer::Authorizer;
use vpp_pipeline::api::client_uploads::ClientUploads;
use vpp_pipeline::api::edits::Editing;
use vpp_pipeline::api::licences::{self, PlaybackTokens};
use vpp_pipeline::api::service::{Api, Settings};
use vpp_pipeline::domain::ingest_message::IngestMessage;
use vpp_pipeline::domain::message::{DashMessage, DeletionMessage, FragmentMessage};
use vpp_pipeline::ports::Queues;

use crate::authorization::Authentication;
use crate::web_console::WebConsole;

type ApiQueues = Queues<SqsQueue<FragmentMessage>, SqsQueue<DashMessage>, SqsQueue<DeletionMessage>>;

type ApiUploads = ClientUploads<S3ClientUploads, DynamoCatalog, SqsQueue<IngestMessage>, SystemClock>;

/// Wires the use cases of packages and contents.
pub(crate) fn api(
    aws: &Aws,
    environment: &Environment,
) -> Result<Api<DynamoCatalog, ApiQueues, SpekeKeyVault, SystemClock>, InvalidVariable> {
    Ok(Api {
        catalog: aws.catalog(environment.table()?),
        queue: Queues {
            fragment: aws.queue(environment.fragment_queue()?),
            dash: aws.queue(environment.dash_queue()?),
            deletion: aws.queue(environment.deletion_queue()?),
        },
        vault: aws.speke_key_vault(environment.content_keys_key()?, environment.key_provider()?),
        clock: SystemClock,
        settings: Settings {
            delivery_url: environment.delivery_url()?,
            segment_duration: environment.segment_duration()?,
            private: environment.path_signing_secret().is_some(),
            deleted_content: environment.deleted_content()?,
        },
    })
}

/// Wires the edits of packages.
pub(crate) fn editing(
    aws: &Aws,
    environment: &Environment,
) -> Result<Editing<S3Store, DynamoCatalog, SqsQueue<DashMessage>, SystemClock>, InvalidVariable> {
    Ok(Editing {
        store: aws.object_store(),
        catalog: aws.catalog(environment.table()?),
        queue: aws.queue(environment.dash_queue()?),
        clock: SystemClock,
        work_bucket: environment.work_bucket()?,
    })
}

/// Wires the issuing of playback tokens.
pub(crate) async fn tokens(
    aws: &Aws,
    environment: &Environment,
) -> Result<PlaybackTokens<DynamoCatalog, KmsSigner, SystemClock>, FunctionError> {
    let path_signing_secret = match environment.path_signing_secret() {
        Some(id) => Some(aws.path_signing_secret(&id).await?),
        None => None,
    };
    Ok(PlaybackTokens {
        catalog: aws.catalog(environment.table()?),
        signer: aws.token_signer(environment.playback_tokens_key()?),
        clock: SystemClock,
        settings: licences::Settings {
            lifetime: environment.playback_token_lifetime()?,
            delivery_url: environment.delivery_url()?,
            path_signing_secret,
        },
    })
}

/// Wires uploads by presigned URLs.
pub(crate) fn uploads(aws: &Aws, environment: &Environment) -> Result<ApiUploads, InvalidVariable> {
    Ok(ClientUploads {
        store: aws.client_uploads(),
        records: aws.catalog(environment.table()?),
        queue: aws.queue(environment.ingest_queue()?),
        clock: SystemClock,
        bucket: environment.uploads_bucket()?,
    })
}

/// Wires the authentication of callers.
pub(crate) fn authentication(
    aws: &Aws,
    environment: &Environment,
) -> Result<Authentication<ApiTokenSecrets, SystemClock>, InvalidVariable> {
    Ok(match environment.authorization()? {
        Authorization::Jwt { role_prefix } => Authentication::Jwt(role_prefix),
        Authorization::Tokens { operator, reader } => {
            Authentication::Tokens(Authorizer::new(aws.api_tokens(operator, reader), SystemClock))
        }
    })
}

/// Wires the web console.
pub(crate) fn web_console(environment: &Environment) -> Result<WebConsole, InvalidVariable> {
    Ok(WebConsole::new(environment.console_folder(), &environment.console_origins()?))
}
