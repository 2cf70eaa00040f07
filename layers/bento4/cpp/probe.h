// The C interface between `src/bento4.rs` and Bento4. The structs are plain data: every field is copied out of Bento4's
// objects, and nothing points into them. `src/bento4.rs` repeats these layouts; keep both in step.

#ifndef MP4PROBE_PROBE_H
#define MP4PROBE_PROBE_H

#include <cstddef>
#include <cstdint>

extern "C" {

enum ProbeResult : int32_t {
    PROBE_OK            = 0,
    PROBE_CANNOT_OPEN   = 1,
    PROBE_NO_MOVIE      = 2,
    PROBE_NO_MEMORY     = 3,
    PROBE_BENTO4_FAILED = 4,
};

enum ProbeTrackKind : uint32_t {
    PROBE_UNKNOWN   = 0,
    PROBE_VIDEO     = 1,
    PROBE_AUDIO     = 2,
    PROBE_TEXT      = 3,
    PROBE_SUBTITLES = 4,
    PROBE_HINT      = 5,
    PROBE_SYSTEM    = 6,
};

struct ProbeContainer {
    uint32_t major_brand;
    uint32_t timescale;
    uint64_t duration;
    uint32_t track_count;
    uint32_t compatible_brand_count;
    uint32_t compatible_brands[64];
    uint8_t  has_file_type;
    uint8_t  fragmented;
    uint8_t  moov_before_mdat;
};

struct ProbeTrack {
    uint32_t id;
    uint32_t kind;
    uint32_t sample_entry;   // four-character code; the original format of a protected track
    uint32_t scheme;         // four-character code; 0 when the track is not protected
    uint32_t timescale;
    uint32_t sample_count;
    uint64_t duration;
    uint32_t width;
    uint32_t height;
    uint32_t sample_rate;
    uint32_t channels;
    uint8_t  is_protected;
    char     codec[64];      // RFC 6381, NUL-terminated
    char     language[8];    // ISO 639-2, NUL-terminated
};

struct Probe;

// Opens the file at `path` and reads its movie box. On PROBE_OK, the caller must pass `*probe` to `probe_close`.
ProbeResult probe_open(const char* path, Probe** probe) noexcept;

ProbeResult probe_container(const Probe* probe, ProbeContainer* container) noexcept;

// `index` counts from 0, in file order.
ProbeResult probe_track(const Probe* probe, uint32_t index, ProbeTrack* track) noexcept;

void probe_close(Probe* probe) noexcept;
}

#endif
