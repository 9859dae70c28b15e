//! What a gateway sends, one line at a time.

use relay_wire::{GatewayFrame, PromptToken};

/// The input is a line. One that is a frame reads the same again once it was written; a text that is a
/// prompt token is written as it was read.
pub fn gateway_frame(line: &[u8]) {
    match GatewayFrame::decode(line) {
        Ok(frame) => reads_the_same_again(&frame),
        Err(error) => drop(error.to_string()),
    }
    if let Some((text, token)) =
        str::from_utf8(line).ok().and_then(|text| Some((text, PromptToken::parse(text)?)))
    {
        assert_eq!(token.to_string(), text);
    }
}

fn reads_the_same_again(frame: &GatewayFrame) {
    let mut written = Vec::new();
    frame.encode(&mut written);
    assert_eq!(written.pop(), Some(b'\n'));
    assert!(!written.contains(&b'\n'), "a frame is one line");
    let again = GatewayFrame::decode(&written);
    // A line that held a raw newline is kept with a blank in its place.
    if !matches!(frame, GatewayFrame::Unknown(unknown) if unknown.line.contains('\n')) {
        assert_eq!(again.as_ref(), Ok(frame));
    }
    if let GatewayFrame::Outbound(outbound) = frame {
        let mut action = outbound.action.clone();
        assert_eq!(action.chat_id(), outbound.action.chat_id());
        if let Some(metadata) = action.metadata_mut() {
            metadata.set_scope("s");
            assert_eq!(metadata.scope(), Some("s"));
        }
    }
}
