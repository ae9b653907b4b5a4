//! QR codes as pictures that can be put into a page.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use qrcode::{Color, EcLevel, QrCode};

/// Width and height of the picture in pixels.
pub const SIZE: usize = 256;

/// White modules on each side that scanners rely on.
const QUIET_ZONE: usize = 4;

/// The text does not fit into a QR code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is too long for a QR code")]
pub struct TooLong;

/// A square picture ([`SIZE`]) of `text` as `data:image/png;base64,…`.
///
/// # Errors
/// When the text has more than some two thousand bytes.
pub fn data_uri(text: &str) -> Result<String, TooLong> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|_| TooLong)?;
    let rows = paint(&code).ok_or(TooLong)?;
    let image = encode(&rows).expect("a picture of fixed size can be written to memory");
    Ok(format!("data:image/png;base64,{}", STANDARD.encode(image)))
}

/// One bit for each pixel, set where it is white, eight to a byte: scaled as far as it fits, in the middle.
fn paint(code: &QrCode) -> Option<Vec<u8>> {
    let width = code.width();
    let scale = SIZE / (width + 2 * QUIET_ZONE);
    if scale == 0 {
        return None;
    }
    let margin = (SIZE - width * scale) / 2;
    let mut rows = vec![0xff; SIZE / 8 * SIZE];
    let drawn = margin..margin + width * scale;
    for y in drawn.clone() {
        for x in drawn.clone() {
            if code[((x - margin) / scale, (y - margin) / scale)] == Color::Dark {
                rows[y * (SIZE / 8) + x / 8] &= !(0x80 >> (x % 8));
            }
        }
    }
    Some(rows)
}

fn encode(rows: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut image = Vec::new();
    let mut encoder = png::Encoder::new(&mut image, SIZE as u32, SIZE as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(rows)?;
    writer.finish()?;
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Width, height and pixels (true for white) of what [`data_uri`] returned.
    fn decode(uri: &str) -> (u32, u32, Vec<bool>) {
        let image = STANDARD
            .decode(uri.strip_prefix("data:image/png;base64,").unwrap())
            .unwrap();
        let mut decoder = png::Decoder::new(std::io::Cursor::new(image));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        pixels.truncate(info.buffer_size());
        (
            info.width,
            info.height,
            pixels.iter().map(|&pixel| pixel > 127).collect(),
        )
    }

    #[test]
    fn the_picture_shows_every_module_of_the_code() {
        let text = "otpauth://totp/Ipse:jane@example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        let (width, height, pixels) = decode(&data_uri(text).unwrap());
        assert_eq!((width, height), (256, 256));
        let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
        let scale = SIZE / (code.width() + 8);
        let margin = (SIZE - code.width() * scale) / 2;
        assert!(margin >= 4 * scale);
        for y in 0..code.width() {
            for x in 0..code.width() {
                let pixel = pixels
                    [(margin + y * scale + scale / 2) * SIZE + margin + x * scale + scale / 2];
                assert_eq!(pixel, code[(x, y)] == Color::Light, "{x},{y}");
            }
        }
    }

    #[test]
    fn around_the_code_it_is_white() {
        let (_, _, pixels) = decode(&data_uri("x").unwrap());
        assert!(pixels[..SIZE * 4].iter().all(|&white| white));
        assert!(pixels.iter().step_by(SIZE).all(|&white| white));
    }

    #[test]
    fn long_texts_fit_and_too_long_ones_are_an_error() {
        assert!(data_uri(&"x".repeat(2000)).is_ok());
        assert_eq!(data_uri(&"x".repeat(4000)), Err(TooLong));
    }
}
