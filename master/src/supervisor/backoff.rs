//! How long to wait before a worker is started again. Pure arithmetic.

use super::settings::SupervisorSettings;
use powerhose_protocol::Random;
use std::time::Duration;

/// Part of the wait by which chance shortens or lengthens it.
const JITTER: f64 = 0.25;

/// The wait after so many short lives in a row, of which there is at least one.
pub(super) fn backoff(settings: &SupervisorSettings, short_lives: u32, random: &mut Random) -> Duration {
    let doublings = short_lives.saturating_sub(1).min(31);
    let wait = settings.backoff_min.saturating_mul(1 << doublings).min(settings.backoff_max);
    let factor = 1.0 - JITTER + 2.0 * JITTER * random.fraction();
    // Only a wait of aeons is too long to be multiplied; it needs no jitter.
    Duration::try_from_secs_f64(wait.as_secs_f64() * factor).unwrap_or(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_its_bound_and_varies_by_a_quarter() {
        let settings = SupervisorSettings::default();
        let mut random = Random::new(3);
        let expected = [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000];
        for (short_lives, expected) in (1..).zip(expected) {
            for _ in 0..100 {
                let wait = backoff(&settings, short_lives, &mut random).as_millis();
                assert!((expected * 3 / 4..=expected * 5 / 4).contains(&wait), "{wait} ms for {expected}");
            }
        }
    }

    #[test]
    fn no_number_of_failures_and_no_bound_overflows() {
        let longest = SupervisorSettings {
            backoff_min: Duration::MAX,
            backoff_max: Duration::MAX,
            ..SupervisorSettings::default()
        };
        for short_lives in [0, 1, 32, 33, u32::MAX] {
            backoff(&longest, short_lives, &mut Random::new(5));
            backoff(&SupervisorSettings::default(), short_lives, &mut Random::new(5));
        }
    }
}
