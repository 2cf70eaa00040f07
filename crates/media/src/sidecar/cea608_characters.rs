//! The characters of CEA-608 (ANSI/CTA-608-E, tables 49, 50 and 5 to 10).

/// Special characters, which are two bytes: the second is 0x30 and more.
const SPECIAL: [char; 16] = ['®', '°', '½', '¿', '™', '¢', '£', '♪', 'à', ' ', 'è', 'â', 'ê', 'î', 'ô', 'û'];

/// Spanish, French and miscellaneous characters: the second byte is 0x20 and more.
const EXTENDED_1: [char; 32] = [
    'Á', 'É', 'Ó', 'Ú', 'Ü', 'ü', '‘', '¡', '*', '’', '—', '©', '℠', '•', '“', '”', //
    'À', 'Â', 'Ç', 'È', 'Ê', 'Ë', 'ë', 'Î', 'Ï', 'ï', 'Ô', 'Ù', 'ù', 'Û', '«', '»',
];

/// Portuguese, German and Danish characters: the second byte is 0x20 and more.
const EXTENDED_2: [char; 32] = [
    'Ã', 'ã', 'Í', 'Ì', 'ì', 'Ò', 'ò', 'Õ', 'õ', '{', '}', '\\', '^', '_', '|', '~', //
    'Ä', 'ä', 'Ö', 'ö', 'ß', '¥', '¤', '│', 'Å', 'å', 'Ø', 'ø', '┌', '┐', '└', '┘',
];

/// Returns the character of one byte without its parity bit; `None` for a byte that is none.
pub(super) fn basic(byte: u8) -> Option<char> {
    Some(match byte {
        0x27 => '’',
        0x2a => 'á',
        0x5c => 'é',
        0x5e => 'í',
        0x5f => 'ó',
        0x60 => 'ú',
        0x7b => 'ç',
        0x7c => '÷',
        0x7d => 'Ñ',
        0x7e => 'ñ',
        0x7f => '█',
        0x20..=0x7a => char::from(byte),
        _ => return None,
    })
}

/// Returns the special character with this second byte.
pub(super) fn special(byte: u8) -> Option<char> {
    SPECIAL.get(usize::from(byte.checked_sub(0x30)?)).copied()
}

/// Returns the extended character of a pair. It replaces the character before it, which is for decoders that do not have it.
pub(super) fn extended(first: u8, second: u8) -> Option<char> {
    let table = if first == 0x12 { &EXTENDED_1 } else { &EXTENDED_2 };
    table.get(usize::from(second.checked_sub(0x20)?)).copied()
}
