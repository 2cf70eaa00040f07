//! Video usability information (ITU-T H.265 annex E).

use crate::bit_writer::{BitWriter, Choices};

/// Writes `vui_parameters`.
pub fn write_vui_parameters(c: &mut Choices<'_>, w: &mut BitWriter, sub_layers: u32) {
    if w.flag(c.flag()) {
        if c.flag() {
            w.u(8, 255).u(16, 4).u(16, 3);
        } else {
            w.u(8, 1);
        }
    }
    if w.flag(c.flag()) {
        w.flag(c.flag());
    }
    if w.flag(c.flag()) {
        w.u(3, 5).u(1, 0);
        if w.flag(c.flag()) {
            w.u(8, 9).u(8, 16).u(8, 9);
        }
    }
    if w.flag(c.flag()) {
        w.ue(c.up_to(5));
        w.ue(c.up_to(5));
    }
    w.u(3, 0);
    if w.flag(c.flag()) {
        (0..4).for_each(|_| {
            w.ue(0);
        });
    }
    if w.flag(c.flag()) {
        w.u(32, 1001).u(32, 60_000);
        if w.flag(c.flag()) {
            w.ue(0);
        }
        if w.flag(c.flag()) {
            write_hrd_parameters(c, w, sub_layers);
        }
    }
    if w.flag(c.flag()) {
        w.u(3, 3);
        [0, 2, 1, 15, 15].into_iter().for_each(|value| {
            w.ue(value);
        });
    }
}

/// Writes `hrd_parameters`.
pub fn write_hrd_parameters(c: &mut Choices<'_>, w: &mut BitWriter, sub_layers: u32) {
    let (nal, vcl) = (w.flag(c.flag()), w.flag(c.flag()));
    let mut sub_pic = false;
    if nal || vcl {
        sub_pic = w.flag(c.flag());
        if sub_pic {
            w.u(8, 1).u(5, 2).u(1, 1).u(5, 3);
        }
        w.u(4, 1).u(4, 1);
        if sub_pic {
            w.u(4, 1);
        }
        w.u(5, 23).u(5, 23).u(5, 23);
    }
    for _ in 0..=sub_layers {
        let general = w.flag(c.flag());
        let within = general || w.flag(c.flag());
        let mut low_delay = false;
        if within {
            w.ue(0);
        } else {
            low_delay = w.flag(c.flag());
        }
        let buffers = if low_delay { 1 } else { w.ue(c.up_to(2)) + 1 };
        for _ in 0..u32::from(nal) + u32::from(vcl) {
            for buffer in 0..buffers {
                w.ue(10_000 + buffer);
                w.ue(20_000 - buffer);
                if sub_pic {
                    w.ue(5 - buffer);
                    w.ue(5 + buffer);
                }
                w.flag(c.flag());
            }
        }
    }
}
