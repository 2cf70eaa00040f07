// Copies Bento4's description of a container and its tracks into the plain structs of probe.h.
//
// Bento4 reports errors by return value and never throws, but `new` throws when the process has reached its memory limit. So
// every entry point catches all exceptions: none may cross into Rust.

#include "probe.h"

#include <cstring>
#include <memory>
#include <new>

#include "Ap4.h"

namespace {

// Bento4's streams are reference counted. This releases our reference.
struct ReleaseStream {
    void operator()(AP4_ByteStream* stream) const { stream->Release(); }
};

ProbeTrackKind KindOf(const AP4_Track& track) {
    switch (track.GetType()) {
        case AP4_Track::TYPE_VIDEO: return PROBE_VIDEO;
        case AP4_Track::TYPE_AUDIO: return PROBE_AUDIO;
        case AP4_Track::TYPE_TEXT: return PROBE_TEXT;
        case AP4_Track::TYPE_SUBTITLES: return PROBE_SUBTITLES;
        case AP4_Track::TYPE_HINT: return PROBE_HINT;
        case AP4_Track::TYPE_SYSTEM: return PROBE_SYSTEM;
        default: return PROBE_UNKNOWN;
    }
}

template <size_t N>
void CopyText(char (&to)[N], const char* from) {
    std::strncpy(to, from ? from : "", N - 1);
    to[N - 1] = 0;
}

void DescribeFormat(AP4_SampleDescription& description, ProbeTrack& track) {
    track.sample_entry = description.GetFormat();
    AP4_String codec;
    if (AP4_SUCCEEDED(description.GetCodecString(codec))) CopyText(track.codec, codec.GetChars());
    if (auto* video = AP4_DYNAMIC_CAST(AP4_VideoSampleDescription, &description)) {
        track.width  = video->GetWidth();
        track.height = video->GetHeight();
    }
    if (auto* audio = AP4_DYNAMIC_CAST(AP4_AudioSampleDescription, &description)) {
        track.sample_rate = audio->GetSampleRate();
        track.channels    = audio->GetChannelCount();
    }
}

template <typename Body>
ProbeResult Guarded(Body body) noexcept {
    try {
        return body();
    } catch (const std::bad_alloc&) {
        return PROBE_NO_MEMORY;
    } catch (...) {
        return PROBE_BENTO4_FAILED;
    }
}

}  // namespace

struct Probe {
    std::unique_ptr<AP4_ByteStream, ReleaseStream> stream;
    std::unique_ptr<AP4_File>                      file;
    AP4_Movie*                                     movie;  // owned by `file`
};

ProbeResult probe_open(const char* path, Probe** probe) noexcept {
    return Guarded([&] {
        AP4_ByteStream* stream = nullptr;
        if (AP4_FAILED(AP4_FileByteStream::Create(path, AP4_FileByteStream::STREAM_MODE_READ, stream))) {
            return PROBE_CANNOT_OPEN;
        }
        std::unique_ptr<Probe> opened(new Probe);
        opened->stream.reset(stream);
        // Stops at the movie box: nothing after it describes the tracks, and the file may be sparse there.
        opened->file.reset(new AP4_File(*stream, true));
        opened->movie = opened->file->GetMovie();
        if (opened->movie == nullptr) return PROBE_NO_MOVIE;
        *probe = opened.release();
        return PROBE_OK;
    });
}

ProbeResult probe_container(const Probe* probe, ProbeContainer* container) noexcept {
    return Guarded([&] {
        *container = ProbeContainer();
        if (AP4_FtypAtom* file_type = probe->file->GetFileType()) {
            container->has_file_type = 1;
            container->major_brand   = file_type->GetMajorBrand();
            const AP4_Array<AP4_UI32>& brands = file_type->GetCompatibleBrands();
            const size_t capacity = sizeof(container->compatible_brands) / sizeof(container->compatible_brands[0]);
            for (AP4_Ordinal i = 0; i < brands.ItemCount() && i < capacity; i++) {
                container->compatible_brands[i] = brands[i];
                container->compatible_brand_count++;
            }
        }
        container->timescale        = probe->movie->GetTimeScale();
        container->duration         = probe->movie->GetDuration();
        container->track_count      = probe->movie->GetTracks().ItemCount();
        container->fragmented       = probe->movie->HasFragments();
        container->moov_before_mdat = probe->file->IsMoovBeforeMdat();
        return PROBE_OK;
    });
}

ProbeResult probe_track(const Probe* probe, uint32_t index, ProbeTrack* track) noexcept {
    return Guarded([&] {
        AP4_Track* source = nullptr;
        if (AP4_FAILED(probe->movie->GetTracks().Get(index, source)) || source == nullptr) {
            return PROBE_BENTO4_FAILED;
        }
        *track              = ProbeTrack();
        track->id           = source->GetId();
        track->kind         = KindOf(*source);
        track->timescale    = source->GetMediaTimeScale();
        track->duration     = source->GetMediaDuration();
        track->sample_count = source->GetSampleCount();
        CopyText(track->language, source->GetTrackLanguage());

        // The first sample description describes the track. If any of them is protected, the track is protected.
        for (AP4_Ordinal i = source->GetSampleDescriptionCount(); i-- > 0;) {
            AP4_SampleDescription* description = source->GetSampleDescription(i);
            auto* protected_description = AP4_DYNAMIC_CAST(AP4_ProtectedSampleDescription, description);
            if (protected_description != nullptr) {
                track->is_protected = 1;
                track->scheme       = protected_description->GetSchemeType();
                track->sample_entry = protected_description->GetOriginalFormat();
                description         = protected_description->GetOriginalSampleDescription();
            }
            if (i == 0 && description != nullptr) DescribeFormat(*description, *track);
        }
        return PROBE_OK;
    });
}

void probe_close(Probe* probe) noexcept { delete probe; }
