//! Reading the compiled tables, where they lie in the program: nothing is copied or allocated.

/// Tables one after the other, each with its length in front.
pub(super) struct Sections(pub(super) &'static [u8]);

const TOO_SHORT: &str = "the compiler of the phrases wrote every table whole";

impl Sections {
    pub(super) fn bytes(&mut self) -> &'static [u8] {
        let (length, rest) = self.0.split_first_chunk().expect(TOO_SHORT);
        let length = u32::from_le_bytes(*length) as usize;
        let (section, rest) = rest.split_at_checked(length).expect(TOO_SHORT);
        self.0 = rest;
        section
    }

    pub(super) fn shorts(&mut self) -> Shorts {
        Shorts(self.bytes())
    }

    pub(super) fn longs(&mut self) -> Longs {
        Longs(self.bytes())
    }

    pub(super) fn lists(&mut self) -> Lists {
        Lists { starts: self.longs(), items: self.bytes() }
    }
}

/// Numbers of 16 bits.
#[derive(Clone, Copy)]
pub(super) struct Shorts(&'static [u8]);

impl Shorts {
    pub(super) const NONE: Self = Self(&[]);

    pub(super) fn get(self, at: usize) -> u16 {
        self.0[2 * at..].first_chunk().map_or(0, |bytes| u16::from_le_bytes(*bytes))
    }

    pub(super) fn len(self) -> usize {
        self.0.len() / 2
    }

    pub(super) fn iter(self) -> impl Iterator<Item = u16> {
        (0..self.len()).map(move |at| self.get(at))
    }
}

/// Numbers of 32 bits.
#[derive(Clone, Copy)]
pub(super) struct Longs(&'static [u8]);

impl Longs {
    pub(super) fn get(self, at: usize) -> u32 {
        self.0[4 * at..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    pub(super) fn len(self) -> usize {
        self.0.len() / 4
    }
}

/// Lists of bytes.
#[derive(Clone, Copy)]
pub(super) struct Lists {
    starts: Longs,
    items: &'static [u8],
}

impl Lists {
    pub(super) fn get(self, at: usize) -> &'static [u8] {
        &self.items[self.starts.get(at) as usize..self.starts.get(at + 1) as usize]
    }

    /// A list of numbers of 16 bits.
    pub(super) fn shorts(self, at: usize) -> Shorts {
        Shorts(self.get(at))
    }

    pub(super) fn len(self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn iter(self) -> impl Iterator<Item = &'static [u8]> {
        (0..self.len()).map(move |at| self.get(at))
    }
}

/// Text that the compiler wrote.
pub(super) fn text(bytes: &'static [u8]) -> &'static str {
    std::str::from_utf8(bytes).expect("the compiler of the phrases wrote UTF-8")
}
