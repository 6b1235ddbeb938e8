//! A small source of repeatable chance (SplitMix64), so that the day is the same on every machine.

pub struct Seed(u64);

impl Seed {
    pub fn new(value: u64) -> Self {
        // Stirred once: neighbouring values would otherwise walk the same sequence, one step apart.
        Seed(stirred(value ^ 0x4C6F_6B65_7421))
    }

    /// The same words give the same seed.
    pub fn of(words: &str) -> Self {
        // FNV-1a
        Seed::new(words.bytes().fold(0xCBF2_9CE4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01B3)))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        stirred(self.0)
    }

    /// From `low` up to, but without, `high`.
    pub fn between(&mut self, low: u32, high: u32) -> u32 {
        low + (self.next() % u64::from(high - low)) as u32
    }

    /// From -1 to 1.
    pub fn sway(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[(self.next() % from.len() as u64) as usize]
    }

    pub fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + self.between(0, 10) as u8)).collect()
    }
}

fn stirred(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
