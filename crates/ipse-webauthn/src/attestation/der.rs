//! The little of DER that has to be read where tags have large numbers, as those of Android's key descriptions.

/// The elements of a constructed value, one after the other: tag and content. It ends early where something can't be read.
pub(super) struct Elements<'a>(pub(super) &'a [u8]);

/// Bits of an identifier octet: class and whether there are elements inside.
const CLASS: u8 = 0xe0;

/// More than any tag here has.
const LARGEST: u32 = 0x1f_ffff;

pub(super) const OCTETS: u32 = 4;
pub(super) const SEQUENCE: u32 = 0x2000_0010;
/// The tag of an explicitly tagged element.
pub(super) const fn tagged(number: u32) -> u32 {
    0xa000_0000 | number
}

impl<'a> Iterator for Elements<'a> {
    type Item = (u32, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (tag, rest) = tag(self.0)?;
        let (length, rest) = length(rest)?;
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }
}

impl<'a> Elements<'a> {
    /// The content of the next element, if it has this tag.
    pub(super) fn expect(&mut self, wanted: u32) -> Option<&'a [u8]> {
        self.next()
            .and_then(|(tag, content)| (tag == wanted).then_some(content))
    }
}

/// Class and number of a tag as one number.
fn tag(input: &[u8]) -> Option<(u32, &[u8])> {
    let (&first, mut rest) = input.split_first()?;
    let class = u32::from(first & CLASS) << 24;
    if first & 0x1f != 0x1f {
        return Some((class | u32::from(first & 0x1f), rest));
    }
    let mut number = 0_u32;
    loop {
        let (&next, after) = rest.split_first()?;
        rest = after;
        number = number << 7 | u32::from(next & 0x7f);
        if number > LARGEST {
            return None;
        }
        if next & 0x80 == 0 {
            return Some((class | number, rest));
        }
    }
}

fn length(input: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = input.split_first()?;
    if first < 0x80 {
        return Some((usize::from(first), rest));
    }
    let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
    if bytes.is_empty() || bytes.len() > 3 {
        return None;
    }
    let length = bytes
        .iter()
        .fold(0, |length, byte| length << 8 | usize::from(*byte));
    Some((length, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn elements_with_small_and_large_tags() {
        let long = [&[0x04, 0x81, 0x80][..], &[7; 128]].concat();
        let input = [
            &[0x02, 1, 5, 0xbf, 0x85, 0x3e, 3, 2, 1, 0, 0x30, 0][..],
            &long,
        ]
        .concat();
        let mut elements = Elements(&input);
        assert_eq!(elements.next(), Some((2, &[5][..])));
        assert_eq!(elements.next(), Some((tagged(702), &[2, 1, 0][..])));
        assert_eq!(elements.expect(SEQUENCE), Some(&[][..]));
        assert_eq!(elements.expect(OCTETS), Some(&[7; 128][..]));
        assert_eq!(elements.next(), None);
    }

    #[test]
    fn what_breaks_off_ends() {
        for broken in [
            &[][..],
            &[0x04],
            &[0x04, 2, 1],
            &[0x04, 0x80],
            &[0x04, 0x84, 0, 0, 0, 0],
            &[0xbf, 0x85],
            &[0xbf, 0xff, 0xff, 0xff, 0x7f, 0],
        ] {
            assert_eq!(Elements(broken).next(), None, "{broken:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(input: Vec<u8>) {
            let _ = Elements(&input).count();
        }
    }
}
