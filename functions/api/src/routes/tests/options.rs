//! The options of a package: a separate audio key, DRM systems, audio only, unsupported tracks, subtitles.

use super::*;

#[test]
fn an_audio_key_and_drm_systems_are_signalled_and_returned() {
    block_on(async {
        let (platform, content) = ingested(MOVIE).await;
        let drm = json!({"widevine": WIDEVINE, "fairplay": "skd://movie"});
        let body = json!({
            "input_content_id": content, "key": KEY, "kid": KID, "encrypt": "all",
            "audio_key": AUDIO_KEY, "audio_kid": AUDIO_KID, "drm": drm,
        });
        let accepted = post(&platform, &body).await;
        assert_eq!(accepted.status, StatusCode::ACCEPTED, "{}", accepted.text);
        let id = accepted.json()["packaged_content_id"].as_str().unwrap().to_owned();
        assert!(platform.run().await.is_empty());
        let ready = get(&platform, &format!("/packaged_content/{id}")).await;
        assert_eq!(ready.json()["audio_kid"], "01234567-89ab-cdef-0123-456789abcdef");
        assert_eq!(ready.json()["drm"], drm);
        assert!(!ready.text.contains(AUDIO_KEY));
        let output = platform.store.bucket("output");
        let text = |path: &str| String::from_utf8(output[&format!("{id}/{path}")].bytes.to_vec()).unwrap();
        let mpd = text("stream.mpd");
        assert_eq!(mpd.matches(WIDEVINE).count(), 3, "for video, audio and the set for trick mode: {mpd}");
        assert!(mpd.contains(KID) && mpd.contains("01234567-89ab-cdef-0123-456789abcdef"));
        let playlist = text("a1/media.m3u8");
        assert!(playlist.contains("KEYFORMAT=\"com.apple.streamingkeydelivery\"") && playlist.contains("skd://movie"));
        assert!(playlist.contains("KEYID=0x0123456789abcdef0123456789abcdef"), "{playlist}");
    });
}

#[test]
fn a_file_of_audio_only_is_packaged_on_request() {
    block_on(async {
        // The first track, which is the video, becomes a free box.
        let mut audio = MOVIE.to_vec();
        let video = audio.windows(4).position(|kind| kind == b"trak").unwrap();
        audio[video..][..4].copy_from_slice(b"free");
        let (platform, content) = ingested(&audio).await;
        let content_json = get(&platform, &format!("/input_content/{content}")).await.json();
        assert_eq!((&content_json["status"], &content_json["code"]), (&json!("Refused"), &json!("no_video")));
        let with =
            |audio_only: bool| json!({"input_content_id": content, "key": KEY, "kid": KID, "audio_only": audio_only});
        assert_eq!(post(&platform, &with(false)).await.status, StatusCode::CONFLICT);
        let accepted = post(&platform, &with(true)).await;
        assert_eq!((accepted.status, &accepted.json()["encrypt"]), (StatusCode::ACCEPTED, &json!("all")));
        assert!(platform.run().await.is_empty());
        let id = accepted.json()["packaged_content_id"].as_str().unwrap().to_owned();
        let ready = get(&platform, &format!("/packaged_content/{id}")).await.json();
        assert_eq!((&ready["status"], &ready["audio_only"]), (&json!("Ready"), &json!(true)), "{ready}");
    });
}

#[test]
fn a_track_that_cannot_be_packaged_is_left_out_on_request() {
    block_on(async {
        // The audio of the movie is renamed to uncompressed audio.
        let mut movie = MOVIE.to_vec();
        let stsd = |kind: &[u8; 4]| movie.windows(8).position(|bytes| bytes[4..] == kind[..] && bytes[..3] == [0; 3]);
        let audio = stsd(b"mp4a").unwrap() + 4;
        movie[audio..][..4].copy_from_slice(b"sowt");
        let (platform, content) = ingested(&movie).await;
        let content_json = get(&platform, &format!("/input_content/{content}")).await.json();
        assert_eq!((&content_json["status"], &content_json["code"]), (&json!("Refused"), &json!("unsupported_codec")));
        let required = json!([{"unsupported": "leave_out"}]);
        assert_eq!(content_json["packageable_with"], required);
        let with = |field: &str, value: Value| {
            let mut body = json!({"input_content_id": content, "key": KEY, "kid": KID});
            body[field] = value;
            body
        };
        for (field, value) in [("unsupported", json!("refuse")), ("audio_only", json!(true))] {
            let refused = post(&platform, &with(field, value)).await;
            assert_eq!(
                (refused.status, refused.json()["code"].as_str()),
                (StatusCode::CONFLICT, Some("content_refused"))
            );
            let detail = refused.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains("movie.mp4") && detail.contains("sowt"), "{detail}");
        }
        assert_eq!(post(&platform, &with("unsupported", json!("ignore"))).await.json()["field"], "unsupported");
        let accepted = post(&platform, &with("unsupported", json!("leave_out"))).await;
        assert_eq!((accepted.status, &accepted.json()["unsupported"]), (StatusCode::ACCEPTED, &json!("leave_out")));
        assert!(platform.run().await.is_empty());
        let id = accepted.json()["packaged_content_id"].as_str().unwrap().to_owned();
        let ready = get(&platform, &format!("/packaged_content/{id}")).await.json();
        assert_eq!(ready["status"], "Ready", "{ready}");
    });
}

#[test]
fn audio_beside_video_of_an_unsupported_codec_is_packaged_on_request() {
    block_on(async {
        let mut movie = MOVIE.to_vec();
        // The last `avc1` is the sample entry: others are brands.
        let entry = movie.windows(4).rposition(|kind| kind == b"avc1").unwrap();
        movie[entry..][..4].copy_from_slice(b"jpeg");
        let (platform, content) = ingested(&movie).await;
        let content_json = get(&platform, &format!("/input_content/{content}")).await.json();
        assert_eq!(content_json["packageable_with"], json!([{"audio_only": true}]), "{content_json}");
        let accepted = post(&platform, &json!({"input_content_id": content, "audio_only": true})).await;
        assert_eq!(accepted.status, StatusCode::ACCEPTED);
        assert!(platform.run().await.is_empty());
        let id = accepted.json()["packaged_content_id"].as_str().unwrap().to_owned();
        assert_eq!(get(&platform, &format!("/packaged_content/{id}")).await.json()["status"], "Ready");
    });
}

#[test]
fn uploaded_subtitles_become_part_of_the_package() {
    block_on(async {
        let (platform, movie) = ingested(MOVIE).await;
        let upload = |key: &str, text: &str| platform.upload(key, text.as_bytes());
        let of = async |upload| match platform.ingest(&upload).await {
            Ok(Ingested::Content(content)) => content.id.to_string(),
            _ => panic!("ingested"),
        };
        let english = of(upload("movie.en.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n")).await;
        let broken = of(upload("broken.vtt", "WEBVTT\n\n00:03.000 --> 00:02\nHello\n")).await;
        let content_json = get(&platform, &format!("/input_content/{english}")).await.json();
        assert_eq!((&content_json["status"], &content_json["media"]), (&json!("Ingested"), &json!("subtitles")));
        let content_json = get(&platform, &format!("/input_content/{broken}")).await.json();
        assert_eq!(
            (&content_json["status"], &content_json["code"]),
            (&json!("Refused"), &json!("malformed_subtitles"))
        );

        let with = |id: &str| {
            let subtitles = json!([{"input_content_id": id, "language": "en", "label": "English", "kind": "captions"}]);
            json!({"input_content_id": movie, "key": KEY, "kid": KID, "subtitles": subtitles})
        };
        assert_eq!(post(&platform, &with(&movie)).await.json()["code"], "not_subtitles");
        let as_movie = json!({"input_content_id": english, "key": KEY, "kid": KID});
        assert_eq!(post(&platform, &as_movie).await.json()["code"], "content_refused");
        let plain = json!({"input_content_id": movie, "key": KEY, "kid": KID});
        let plain = post(&platform, &plain).await.json();
        let accepted = post(&platform, &with(&english)).await;
        assert_eq!(accepted.status, StatusCode::ACCEPTED, "{}", accepted.text);
        let accepted = accepted.json();
        assert_ne!(accepted["packaged_content_id"], plain["packaged_content_id"]);
        assert!(platform.run().await.is_empty());
        let id = accepted["packaged_content_id"].as_str().unwrap();
        let ready = get(&platform, &format!("/packaged_content/{id}")).await.json();
        assert_eq!((&ready["status"], &ready["subtitles"]), (&json!("Ready"), &with(&english)["subtitles"]));
        let output = platform.store.bucket("output");
        let text = |path: &str| String::from_utf8(output[&format!("{id}/{path}")].bytes.to_vec()).unwrap();
        assert!(text("t1/subtitles.vtt").contains("Hello"));
        let mpd = text("stream.mpd");
        assert!(
            mpd.contains("lang=\"en\"") && mpd.contains("t1/subtitles.vtt") && mpd.contains("value=\"caption\""),
            "{mpd}"
        );
        assert!(text("stream.m3u8").contains("TYPE=SUBTITLES") && text("stream.m3u8").contains("NAME=\"English\""));
    });
}

#[test]
fn uploads_of_every_subtitle_format_are_contents_with_their_warnings() {
    block_on(async {
        let platform = Platform::default();
        for (text, format, verdict, warnings) in [
            ("WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n", "webvtt", "accepted", json!(null)),
            ("1\n00:00:01,000 --> 00:00:02,000\nHello\n", "srt", "accepted", json!(null)),
            ("<tt><body><p end='1s'>Hello</p></body></tt>", "ttml", "accepted", json!(null)),
            ("Scenarist_SCC V1.0\n\n00:00:01:00\t9420 9422 c8c8 942f\n", "scc", "accepted", json!(null)),
            (
                "1\n00:00:01,000 --> 00:00:01,000\n<font color=red>Hello</font>\n",
                "srt",
                "accepted_with_warnings",
                json!(["subtitles_simplified", "subtitle_cues_dropped"]),
            ),
        ] {
            let upload = platform.upload("subtitles", text.as_bytes());
            let Ok(Ingested::Content(content)) = platform.ingest(&upload).await else { panic!("{text}") };
            let shown = get(&platform, &format!("/input_content/{}", content.id)).await.json();
            let found = [&shown["media"], &shown["format"], &shown["verdict"]];
            assert_eq!(found, [&json!("subtitles"), &json!(format), &json!(verdict)], "{shown}");
            assert_eq!(shown["warnings"], warnings);
            let details = shown["preflight"]["warnings"].as_array().unwrap().iter();
            assert!(details.map(|warning| &warning["code"]).eq(warnings.as_array().into_iter().flatten()), "{shown}");
        }
    });
}

#[test]
fn a_package_is_made_on_demand_on_request_and_ahead_later() {
    block_on(async {
        let (platform, content) = ingested(MOVIE).await;
        let with = |fields: Value| {
            let mut body = json!({"input_content_id": content, "key": KEY, "kid": KID});
            body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            body
        };
        for (field, fields) in [
            ("when", json!({"when": "later"})),
            ("when", json!({"when": "on-demand", "layout": "single-file"})),
            ("retention_days", json!({"when": "on-demand", "retention_days": 2})),
            ("retention_days", json!({"retention_days": 30})),
            ("retention_days", json!({"when": "ahead", "retention_days": 30})),
        ] {
            let refused = post(&platform, &with(fields.clone())).await;
            let problem = refused.json();
            assert_eq!((refused.status, &problem["field"]), (StatusCode::BAD_REQUEST, &json!(field)), "{fields}");
        }
        let accepted = post(&platform, &with(json!({"when": "on-demand", "retention_days": 30}))).await.json();
        assert_eq!((&accepted["when"], &accepted["retention_days"]), (&json!("on-demand"), &json!(30)));
        assert!(platform.run().await.is_empty());
        let id = accepted["packaged_content_id"].as_str().unwrap();
        let path = format!("/packaged_content/{id}");
        let planned = get(&platform, &path).await.json();
        assert_eq!((&planned["status"], &planned["playable"]), (&json!("Fragmented"), &json!(true)));
        assert_eq!(planned["segments_made"], 0);
        platform.origin().handle(&format!("{id}/v1/1.m4s")).await.unwrap().unwrap();
        assert_eq!(get(&platform, &path).await.json()["segments_made"], 1);

        let ahead = send(&platform, Method::POST, &format!("{path}/ahead"), "").await;
        assert_eq!((ahead.status, &ahead.json()["when"]), (StatusCode::ACCEPTED, &json!("ahead")));
        assert!(platform.run().await.is_empty());
        let ready = get(&platform, &path).await.json();
        assert_eq!((&ready["status"], &ready["segments_made"]), (&json!("Ready"), &json!(1)));
        let plain = post(&platform, &with(json!({}))).await.json();
        assert_eq!((&plain["packaged_content_id"], &plain["when"]), (&json!(id), &json!("ahead")));
    });
}
