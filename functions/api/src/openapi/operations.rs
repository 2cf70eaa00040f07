//! The operations of the API: method and path, role, request body, response, and problem codes.
//!
//! Problems that follow from the kind of an operation are not listed here: every operation with a body can be refused for the
//! body, and every operation that requires a credential for the credential. The tests compare the operations with the router in
//! both directions, and schemathesis calls all of them.

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    Everyone,
    Readers,
    Operators,
}

/// The schema of a request body.
pub(super) enum Body {
    Required(&'static str),
    Optional(&'static str),
}

impl Body {
    pub(super) fn schema(&self) -> &'static str {
        match self {
            Self::Required(schema) | Self::Optional(schema) => schema,
        }
    }

    pub(super) fn is_required(&self) -> bool {
        matches!(self, Self::Required(_))
    }
}

/// An operation.
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) id: &'static str,
    /// The first sentence is the summary.
    pub(super) description: &'static str,
    pub(super) audience: Audience,
    pub(super) body: Option<Body>,
    /// Whether the operation accepts an `Idempotency-Key`.
    pub(super) idempotency_key: bool,
    /// Whether the operation accepts an `If-Match`.
    pub(super) if_match: bool,
    /// Status and schema of the successful response.
    pub(super) response: (u16, &'static str),
    /// Status and code of the problems with the resource that the path names.
    pub(super) problems: &'static [(u16, &'static str)],
    /// The query parameters.
    pub(super) query: &'static [&'static str],
}

const PACKAGE_NOT_FOUND: (u16, &str) = (404, "package_not_found");
const CONTENT_NOT_FOUND: (u16, &str) = (404, "content_not_found");
const UPLOAD_NOT_FOUND: (u16, &str) = (404, "upload_not_found");
const UPLOAD_EXPIRED: (u16, &str) = (409, "upload_expired");
const REVISION_NOT_FOUND: (u16, &str) = (404, "revision_not_found");
const NOT_EDITABLE: (u16, &str) = (409, "not_editable");
const TOO_MANY_REVISIONS: (u16, &str) = (409, "too_many_revisions");
const PACKAGE_DELETING: (u16, &str) = (409, "package_deleting");
const UNREADABLE: (u16, &str) = (409, "unreadable_record");

/// The defaults of the operations below.
const GET: Operation = Operation {
    method: "get",
    path: "",
    id: "",
    description: "",
    audience: Audience::Operators,
    body: None,
    idempotency_key: false,
    if_match: false,
    response: (200, ""),
    problems: &[],
    query: &[],
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        method: "post",
        path: "/uploads",
        id: "createUpload",
        description: "Create an upload. Returns presigned URLs to PUT the file to: one URL for a small file, one per part for a \
                      large file. A repeated request with the same Idempotency-Key returns the same upload.",
        body: Some(Body::Required("UploadRequest")),
        idempotency_key: true,
        response: (201, "Upload"),
        problems: &[(422, "idempotency_key_reused"), UPLOAD_EXPIRED, UNREADABLE],
        ..GET
    },
    Operation {
        path: "/uploads/{id}",
        id: "getUpload",
        description: "Get an upload. Returns the numbers of the parts that have arrived, and new presigned URLs for the others.",
        response: (200, "Upload"),
        problems: &[UPLOAD_NOT_FOUND, UPLOAD_EXPIRED, UNREADABLE],
        query: &["from", "url_limit"],
        ..GET
    },
    Operation {
        method: "post",
        path: "/uploads/{id}/complete",
        id: "completeUpload",
        description: "Complete an upload. Assembles the file when all parts have arrived. A repeated request returns the same \
                      response.",
        response: (200, "CompletedUpload"),
        problems: &[UPLOAD_NOT_FOUND, (409, "upload_incomplete"), UPLOAD_EXPIRED, UNREADABLE],
        ..GET
    },
    Operation {
        method: "delete",
        path: "/uploads/{id}",
        id: "abortUpload",
        description: "Abort an upload. Deletes the parts that have arrived.",
        response: (200, "AbortedUpload"),
        problems: &[UPLOAD_NOT_FOUND],
        ..GET
    },
    Operation {
        path: "/input_content",
        id: "listContents",
        description: "List uploaded files, newest first. With a filter, a page may hold fewer items than `limit`, or none, \
                      although more pages follow.",
        audience: Audience::Readers,
        response: (200, "ContentList"),
        query: &["limit", "cursor", "content_status", "origin"],
        ..GET
    },
    Operation {
        path: "/input_content/{id}",
        id: "getContent",
        description: "Get an uploaded file. Returns its verdict and the preflight report, which describes the expected stream.",
        audience: Audience::Readers,
        response: (200, "ContentOrUnreadable"),
        problems: &[CONTENT_NOT_FOUND],
        ..GET
    },
    Operation {
        method: "delete",
        path: "/input_content/{id}",
        id: "deleteContent",
        description: "Delete an uploaded file, in this version. Packages that were created from it remain.",
        response: (202, "DeletedContentOrUnreadable"),
        problems: &[CONTENT_NOT_FOUND],
        ..GET
    },
    Operation {
        method: "post",
        path: "/packaged_content",
        id: "createPackage",
        description: "Create a package from one or several uploaded files. The package id is derived from the request, so a \
                      repeated request returns the existing package. `when` is not part of the id: a request to make the segments \
                      ahead applies to an existing package that is made on demand. Without `key` and `kid`, the platform or its key provider \
                      generates a key. A different request with the same Idempotency-Key is refused.",
        body: Some(Body::Required("PackageRequest")),
        idempotency_key: true,
        response: (202, "Package"),
        problems: &[
            CONTENT_NOT_FOUND,
            (409, "content_refused"),
            (409, "not_subtitles"),
            PACKAGE_DELETING,
            UNREADABLE,
            (422, "idempotency_key_reused"),
            (502, "key_provider_unreachable"),
            (502, "key_provider_refused"),
            (502, "key_provider_response_invalid"),
        ],
        ..GET
    },
    Operation {
        path: "/packaged_content",
        id: "listPackages",
        description: "List packages, newest first. With a filter, a page may hold fewer items than `limit`, or none, although \
                      more pages follow.",
        audience: Audience::Readers,
        response: (200, "PackageList"),
        query: &["limit", "cursor", "package_status", "input_content_id"],
        ..GET
    },
    Operation {
        path: "/packaged_content/{id}",
        id: "getPackage",
        description: "Get a package. Returns its status, progress, manifest URLs and resource usage.",
        audience: Audience::Readers,
        response: (200, "PackageOrUnreadable"),
        problems: &[PACKAGE_NOT_FOUND],
        ..GET
    },
    Operation {
        path: "/packaged_content_id/{id}",
        id: "getPackageById",
        description: "Get a package, at the path of the original platform.",
        audience: Audience::Readers,
        response: (200, "PackageOrUnreadable"),
        problems: &[PACKAGE_NOT_FOUND],
        ..GET
    },
    Operation {
        method: "post",
        path: "/packaged_content/{id}/retry",
        id: "retryPackage",
        description: "Retry a failed package. Work that is done already is not repeated.",
        response: (202, "Package"),
        problems: &[PACKAGE_NOT_FOUND, (409, "package_ready"), PACKAGE_DELETING, UNREADABLE],
        ..GET
    },
    Operation {
        method: "post",
        path: "/packaged_content/{id}/ahead",
        id: "packageAhead",
        description: "Make all segments of a package that is made on demand. Segments that viewers requested are not made again. A \
                      package that is made ahead already is unchanged.",
        response: (202, "Package"),
        problems: &[PACKAGE_NOT_FOUND, PACKAGE_DELETING, UNREADABLE],
        ..GET
    },
    Operation {
        method: "delete",
        path: "/packaged_content/{id}",
        id: "deletePackage",
        description: "Delete a package and all its files. When the deletion is complete, the package can be created again.",
        response: (202, "PackageOrUnreadable"),
        problems: &[PACKAGE_NOT_FOUND],
        ..GET
    },
    Operation {
        method: "patch",
        path: "/packaged_content/{id}",
        id: "editPackage",
        description: "Edit the manifests of a package: subtitles, languages, labels and roles, the default audio, chapters, and \
                      the URL of the licence server. No media is read or written, and the URLs stay. The edit states only what \
                      it changes, and makes a revision, which is published some moments later. With `If-Match`, it is refused \
                      if the latest revision has another `ETag`.",
        body: Some(Body::Required("EditRequest")),
        if_match: true,
        response: (202, "Revision"),
        problems: &[
            PACKAGE_NOT_FOUND,
            CONTENT_NOT_FOUND,
            (400, "invalid_edit"),
            (400, "too_many_subtitles"),
            (409, "not_subtitles"),
            NOT_EDITABLE,
            TOO_MANY_REVISIONS,
            PACKAGE_DELETING,
            UNREADABLE,
        ],
        ..GET
    },
    Operation {
        path: "/packaged_content/{id}/revisions",
        id: "listRevisions",
        description: "List the revisions of a package, newest first. `ETag` is that of the latest.",
        audience: Audience::Readers,
        response: (200, "RevisionList"),
        problems: &[PACKAGE_NOT_FOUND, UNREADABLE],
        query: &["limit", "before"],
        ..GET
    },
    Operation {
        path: "/packaged_content/{id}/revisions/{number}",
        id: "getRevision",
        description: "Get a revision of a package. Returns what viewers can select in it. Revision 0 is the package as it was \
                      planned.",
        audience: Audience::Readers,
        response: (200, "Revision"),
        problems: &[PACKAGE_NOT_FOUND, REVISION_NOT_FOUND, NOT_EDITABLE, UNREADABLE],
        ..GET
    },
    Operation {
        method: "post",
        path: "/packaged_content/{id}/revisions/{number}/restore",
        id: "restoreRevision",
        description: "Bring a revision of a package back, as a new revision.",
        if_match: true,
        response: (202, "Revision"),
        problems: &[
            PACKAGE_NOT_FOUND,
            REVISION_NOT_FOUND,
            NOT_EDITABLE,
            TOO_MANY_REVISIONS,
            PACKAGE_DELETING,
            UNREADABLE,
        ],
        ..GET
    },
    Operation {
        method: "post",
        path: "/packaged_content/{id}/playback_tokens",
        id: "createPlaybackToken",
        description: "Create a playback token. Returns a token for the licence server if the package is encrypted, and manifest \
                      URLs, which are signed if the CDN requires signed paths.",
        audience: Audience::Readers,
        body: Some(Body::Optional("PlaybackTokenRequest")),
        response: (201, "PlaybackToken"),
        problems: &[
            PACKAGE_NOT_FOUND,
            (409, "package_not_ready"),
            (409, "package_failed"),
            (409, "package_not_encrypted"),
            UNREADABLE,
        ],
        ..GET
    },
    Operation {
        path: "/health",
        id: "getHealth",
        description: "Check that the API responds.",
        audience: Audience::Everyone,
        response: (200, "Health"),
        ..GET
    },
];

/// Returns the method and path of every operation.
#[cfg(test)]
pub(crate) fn routes_of_operations() -> impl Iterator<Item = (&'static str, &'static str)> {
    OPERATIONS.iter().map(|operation| (operation.method, operation.path))
}
