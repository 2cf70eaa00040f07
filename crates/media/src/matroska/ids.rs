//! IDs of the elements that are read (RFC 9559 5).

pub(super) const EBML: u32 = 0x1a45_dfa3;
pub(super) const DOC_TYPE: u32 = 0x4282;
pub(super) const SEGMENT: u32 = 0x1853_8067;

pub(super) const INFO: u32 = 0x1549_a966;
pub(super) const TIMESTAMP_SCALE: u32 = 0x002a_d7b1;

pub(super) const TRACKS: u32 = 0x1654_ae6b;
pub(super) const TRACK_ENTRY: u32 = 0xae;
pub(super) const TRACK_NUMBER: u32 = 0xd7;
pub(super) const TRACK_TYPE: u32 = 0x83;
pub(super) const FLAG_ENABLED: u32 = 0xb9;
pub(super) const FLAG_DEFAULT: u32 = 0x88;
pub(super) const FLAG_HEARING_IMPAIRED: u32 = 0x55ab;
pub(super) const FLAG_VISUAL_IMPAIRED: u32 = 0x55ac;
pub(super) const FLAG_COMMENTARY: u32 = 0x55af;
pub(super) const DEFAULT_DURATION: u32 = 0x0023_e383;
pub(super) const NAME: u32 = 0x536e;
pub(super) const LANGUAGE: u32 = 0x0022_b59c;
pub(super) const LANGUAGE_BCP47: u32 = 0x0022_b59d;
pub(super) const CODEC_ID: u32 = 0x86;
pub(super) const CODEC_PRIVATE: u32 = 0x63a2;
pub(super) const CODEC_DELAY: u32 = 0x56aa;
pub(super) const CONTENT_ENCODINGS: u32 = 0x6d80;
pub(super) const CONTENT_ENCODING: u32 = 0x6240;
pub(super) const CONTENT_ENCODING_SCOPE: u32 = 0x5032;
pub(super) const CONTENT_COMPRESSION: u32 = 0x5034;
pub(super) const CONTENT_COMP_ALGO: u32 = 0x4254;
pub(super) const CONTENT_ENCRYPTION: u32 = 0x5035;

pub(super) const VIDEO: u32 = 0xe0;
pub(super) const PIXEL_WIDTH: u32 = 0xb0;
pub(super) const PIXEL_HEIGHT: u32 = 0xba;
pub(super) const DISPLAY_WIDTH: u32 = 0x54b0;
pub(super) const DISPLAY_HEIGHT: u32 = 0x54ba;
pub(super) const DISPLAY_UNIT: u32 = 0x54b2;
pub(super) const COLOUR: u32 = 0x55b0;
pub(super) const MATRIX_COEFFICIENTS: u32 = 0x55b1;
pub(super) const RANGE: u32 = 0x55b9;
pub(super) const TRANSFER_CHARACTERISTICS: u32 = 0x55ba;
pub(super) const PRIMARIES: u32 = 0x55bb;

pub(super) const AUDIO: u32 = 0xe1;
pub(super) const SAMPLING_FREQUENCY: u32 = 0xb5;
pub(super) const CHANNELS: u32 = 0x9f;
pub(super) const BIT_DEPTH: u32 = 0x6264;

pub(super) const CLUSTER: u32 = 0x1f43_b675;
pub(super) const TIMESTAMP: u32 = 0xe7;
pub(super) const SIMPLE_BLOCK: u32 = 0xa3;
pub(super) const BLOCK_GROUP: u32 = 0xa0;
pub(super) const BLOCK: u32 = 0xa1;
pub(super) const BLOCK_DURATION: u32 = 0x9b;
pub(super) const REFERENCE_BLOCK: u32 = 0xfb;
pub(super) const DISCARD_PADDING: u32 = 0x75a2;

pub(super) const CHAPTERS: u32 = 0x1043_a770;
pub(super) const EDITION_ENTRY: u32 = 0x45b9;
pub(super) const CHAPTER_ATOM: u32 = 0xb6;
pub(super) const CHAPTER_TIME_START: u32 = 0x91;
pub(super) const CHAPTER_FLAG_HIDDEN: u32 = 0x98;
pub(super) const CHAPTER_DISPLAY: u32 = 0x80;
pub(super) const CHAP_STRING: u32 = 0x85;
