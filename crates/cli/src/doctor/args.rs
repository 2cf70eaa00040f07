//! Arguments of `vpp doctor`.

use clap::Args;

/// Arguments of `vpp doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// The stack to look at.
    #[arg(default_value = "vpp", value_name = "STACK")]
    pub(super) stack: String,
    /// The region. Default: `AWS_REGION`, or that of the profile.
    #[arg(long)]
    pub(super) region: Option<String>,
    /// The profile of the AWS command line. Default: the credentials of the environment, or the default profile.
    #[arg(long)]
    pub(super) profile: Option<String>,
    /// Print one JSON object per finding, and a last one with their number.
    #[arg(long)]
    pub(super) json: bool,
    /// Print the IAM policy that the command needs, and do nothing else.
    #[arg(long)]
    pub(super) policy: bool,
}
