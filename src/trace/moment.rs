//! A moment in UTC, to the microsecond: `2026-11-22T21:52:11.123456Z`.

use core::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

const SECONDS_PER_DAY: i64 = 86_400;
/// The Gregorian calendar repeats itself after 400 years.
const DAYS_PER_ERA: i64 = 146_097;
/// From 0000-03-01, with which an era begins here, to 1970-01-01. Years that begin in March have the odd day at their end.
const ERA_TO_EPOCH: i64 = 719_468;

/// Before or after 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    seconds: i64,
    micros: u32,
}

impl Moment {
    pub(super) fn now() -> Self {
        SystemTime::now().into()
    }
}

impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(since) => Self { seconds: since.as_secs().cast_signed(), micros: since.subsec_micros() },
            Err(error) => {
                let until = error.duration();
                // The fraction counts upwards from the second before.
                let seconds = -until.as_secs().cast_signed() - i64::from(until.subsec_nanos() > 0);
                let nanos = (1_000_000_000 - until.subsec_nanos()) % 1_000_000_000;
                Self { seconds, micros: nanos / 1000 }
            }
        }
    }
}

/// The year, month and day of so many days after 1970-01-01.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + ERA_TO_EPOCH;
    let (era, day_of_era) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // From March on the months have 153 days in every five.
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (0, month + 3) } else { (1, month - 9) };
    (400 * era + year_of_era + year, month, day)
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date(self.seconds.div_euclid(SECONDS_PER_DAY));
        let second = self.seconds.rem_euclid(SECONDS_PER_DAY);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:06}Z", self.micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::clock::Timeout;
    use core::time::Duration;

    #[test]
    fn table_of_moments() {
        let after = |seconds, nanos| UNIX_EPOCH + Duration::new(seconds, nanos);
        let before = |seconds, nanos| UNIX_EPOCH - Duration::new(seconds, nanos);
        let Timeout::At(last) = Timeout::from_nt(Some(i64::MAX)) else { panic!("an absolute time") };
        let rows = [
            (after(0, 0), "1970-01-01T00:00:00.000000Z"),
            (after(1_795_384_331, 123_456_789), "2026-11-22T21:52:11.123456Z"),
            (after(951_782_400, 0), "2000-02-29T00:00:00.000000Z"),
            (after(4_107_542_400, 0), "2100-03-01T00:00:00.000000Z"),
            (after(1_735_689_599, 999_999_999), "2024-12-31T23:59:59.999999Z"),
            (before(1, 0), "1969-12-31T23:59:59.000000Z"),
            (before(0, 1_000), "1969-12-31T23:59:59.999999Z"),
            (before(11_644_473_600, 0), "1601-01-01T00:00:00.000000Z"),
            (last, "30828-09-14T02:48:05.477580Z"),
        ];
        for (time, expected) in rows {
            assert_eq!(Moment::from(time).to_string(), expected);
        }
    }
}
