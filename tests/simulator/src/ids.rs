//! Names that AWS invents: resource ids, ARN suffixes, request ids. Counted and hashed, so a run repeats exactly.

/// A source of ids; the seed makes worlds differ.
#[derive(Clone, Debug)]
pub(crate) struct Ids {
    state: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next pseudo-random number (splitmix64).
    pub(crate) fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// `vpc-` and 17 hexadecimal digits, as EC2 and KMS do.
    pub(crate) fn resource(&mut self, prefix: &str) -> String {
        format!("{prefix}-{}", &self.hex(17))
    }

    /// `length` (at most 32) hexadecimal digits.
    pub(crate) fn hex(&mut self, length: usize) -> String {
        let digits = format!("{:016x}{:016x}", self.number(), self.number());
        digits[..length].to_owned()
    }

    /// `length` (at most 32) lower-case letters and digits, as in domain verification names and values.
    pub(crate) fn token(&mut self, length: usize) -> String {
        const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        (0..length).map(|_| char::from(LETTERS[(self.number() % 36) as usize])).collect()
    }

    /// A UUID, as in request ids.
    pub(crate) fn uuid(&mut self) -> String {
        let h = self.hex(32);
        format!("{}-{}-{}-{}-{}", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..])
    }
}
