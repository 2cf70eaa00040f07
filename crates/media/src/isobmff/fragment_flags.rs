//! Flags of the `tfhd` and `trun` boxes of a movie fragment: which optional fields are present.

/// `tf_flags` (ISO/IEC 14496-12 8.8.7.1).
pub(crate) mod tfhd {
    pub(crate) const BASE_DATA_OFFSET: u32 = 0x01;
    pub(crate) const DESCRIPTION: u32 = 0x02;
    pub(crate) const DEFAULT_DURATION: u32 = 0x08;
    pub(crate) const DEFAULT_SIZE: u32 = 0x10;
    pub(crate) const DEFAULT_FLAGS: u32 = 0x20;
    pub(crate) const DURATION_IS_EMPTY: u32 = 0x01_0000;
    pub(crate) const DEFAULT_BASE_IS_MOOF: u32 = 0x02_0000;
}

/// `tr_flags` (ISO/IEC 14496-12 8.8.8.1).
pub(crate) mod trun {
    pub(crate) const DATA_OFFSET: u32 = 0x001;
    pub(crate) const FIRST_FLAGS: u32 = 0x004;
    pub(crate) const DURATION: u32 = 0x100;
    pub(crate) const SIZE: u32 = 0x200;
    pub(crate) const FLAGS: u32 = 0x400;
    pub(crate) const COMPOSITION_OFFSET: u32 = 0x800;
}
