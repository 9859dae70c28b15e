//! How a line looks, by whose it is.

use ratatui::style::{Color, Modifier, Style};

/// Whose a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// What the person said.
    You,
    /// What an agent said.
    Agent,
    /// Everything that nobody said.
    Note,
}

/// The styles, with colours or without.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Palette {
    coloured: bool,
}

impl Palette {
    /// With colours, unless `NO_COLOR` is set to anything (<https://no-color.org>).
    pub(crate) fn from_environment() -> Self {
        Self::new(std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()))
    }

    pub(crate) fn new(coloured: bool) -> Self {
        Self { coloured }
    }

    pub(crate) fn style(self, tone: Tone) -> Style {
        match tone {
            Tone::Note => Style::new().add_modifier(Modifier::DIM),
            _ if !self.coloured => Style::new(),
            Tone::You => Style::new().fg(Color::Green),
            Tone::Agent => Style::new().fg(Color::Cyan),
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Color;

    use super::{Palette, Tone};

    #[test]
    fn without_colours_nothing_is_coloured() {
        for tone in [Tone::You, Tone::Agent, Tone::Note] {
            let style = Palette::new(false).style(tone);
            assert_eq!((style.fg, style.bg), (None, None), "{tone:?}");
        }
        assert_eq!(Palette::new(true).style(Tone::Agent).fg, Some(Color::Cyan));
    }
}
