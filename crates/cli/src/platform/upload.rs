//! `vpp upload`: sends files directly to S3, in parts, to URLs that the API presigns.
//!
//! A pool of workers runs all jobs: create an upload, send a part, complete an upload. A part that fails is sent again to a new
//! URL while the other workers continue; a part that has arrived is never sent twice. A file is complete when S3 has accepted
//! every part, in this command or in an interrupted one, as the API lists them. [`super::resume_state`] describes how an
//! interrupted upload resumes.

use std::fs;
use std::sync::mpsc;
use std::thread;

use crate::failure::Failure;
use crate::platform::args::UploadArgs;
use crate::platform::client::PlatformClient;
use crate::platform::file_upload::FileUpload;
use crate::platform::follow::{AfterIngest, follow};
use crate::platform::package_request::Subtitle;
use crate::platform::reporter::Reporter;
use crate::platform::request::request_package;
use crate::platform::uploader::{UploadJob, Uploader};
use crate::platform::{input_files, resume_state, worker_pool};

/// Runs the command.
pub(crate) fn run(args: &UploadArgs, platform: &PlatformClient, reporter: &Reporter) -> Result<(), Failure> {
    let mut paths = input_files::find(&args.paths)?;
    let subtitles: Vec<_> = args.package_options.subtitles.iter().collect();
    let together = args.together || !subtitles.is_empty();
    if !args.together && !subtitles.is_empty() && paths.len() > 1 {
        return Err(Failure::usage("subtitles require a single movie, or --together"));
    }
    let movies = paths.len();
    for (_, file) in &subtitles {
        paths.push(fs::canonicalize(&file.path).map_err(Failure::io(&file.path))?);
    }
    let fields = args.package_options.request_fields(&args.platform)?;
    let requests_package = args.package || args.package_options.is_any_given();
    let after_ingest = match (requests_package && !together, args.follow && !together) {
        (true, _) => Some(AfterIngest::RequestPackage { fields: fields.clone(), follow: args.follow }),
        (false, true) => Some(AfterIngest::FollowPackage),
        (false, false) => together.then_some(AfterIngest::Stop),
    };
    resume_state::delete_expired();
    let files: Vec<_> = paths.iter().map(|path| FileUpload::new(path, reporter)).collect::<Result<_, _>>()?;
    upload_all(&files, usize::from(args.parallel), after_ingest, platform, reporter);
    if together && !reporter.has_failures() {
        let content_ids: Vec<String> = files.iter().filter_map(|file| file.state().content_id.clone()).collect();
        let (movie_ids, subtitle_ids) = content_ids.split_at_checked(movies).unwrap_or_default();
        let subtitles = subtitles.into_iter().zip(subtitle_ids).map(|((kind, argument), content_id)| Subtitle {
            kind,
            argument: argument.clone(),
            content_id: content_id.clone(),
        });
        request_package(platform, reporter, fields, movie_ids, &subtitles.collect::<Vec<_>>(), args.follow)?;
    }
    Ok(())
}

/// Uploads the files and follows each as `after_ingest` requires. Failures are reported.
fn upload_all(
    files: &[FileUpload],
    parallel: usize,
    after_ingest: Option<AfterIngest>,
    platform: &PlatformClient,
    reporter: &Reporter,
) {
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        let follower =
            after_ingest.is_some().then(|| scope.spawn(|| follow(platform, reporter, Vec::new(), Some(receiver))));
        let uploader = Uploader::new(platform, reporter, files, after_ingest, sender);
        let jobs = (0..files.len()).map(UploadJob::Create).collect();
        worker_pool::run(parallel, jobs, |job| uploader.run(job));
        if uploader.is_stopped() {
            let left = files.iter().filter(|file| file.state().content_id.is_none()).count();
            let total = files.len();
            reporter.notice(&format!("{left} of {total} files not uploaded: run the same command again to continue"));
        }
        // Closes the channel, so that the follower ends after the last file.
        drop(uploader);
        if follower.is_some_and(|follower| follower.join().is_err()) {
            reporter.failure("", &Failure::refused("internal", "a thread of this command panicked"));
        }
    });
}
