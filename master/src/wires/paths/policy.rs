//! What a master does about its path, from what stands there. Pure.

use std::io;
use std::time::{Duration, Instant};

/// In so much time the master takes its path back so often from something else; then it waits.
const CONTESTS_WITHIN: Duration = Duration::from_secs(60);
const CONTESTS_MAX: u32 = 3;

/// The lock file at the path.
#[derive(Debug)]
pub(super) enum AtLock {
    /// It is the one that we hold, perhaps since just now.
    Ours,
    Held {
        pid: Option<u32>,
    },
    /// It cannot be had.
    Unusable(String),
}

/// What stands at the path of the socket.
#[derive(Debug)]
pub(super) enum AtSocket {
    /// The socket on which we listen.
    Ours,
    Nothing,
    /// A socket of this user on which nobody listens.
    Dead,
    /// A socket on which somebody listens.
    Listening,
    /// Something that is no socket, or another user's.
    Other,
    /// It cannot be looked at.
    Unknown(io::Error),
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing: new peers find us.
    Stay,
    Listen,
    /// What stands there is removed; then we look again.
    Remove,
    /// What stands there gets another name; then we look again.
    MoveAside,
    /// Nothing that would help yet.
    Wait(Problem),
    /// The path is another master's.
    GiveWay {
        pid: Option<u32>,
    },
}

/// Why a path is not had back yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    #[error("another process holds its lock file{}", pid.map_or_else(String::new, |pid| format!(" (pid {pid})")))]
    LockHeld { pid: Option<u32> },
    #[error("{0}")]
    Refused(String),
    #[error("something else takes its path again and again")]
    Contested,
}

/// The rule. Without the lock nothing at the path is touched. With it the path is ours: what stands there is moved, not
/// destroyed, unless it is a socket that is good for nothing.
pub(super) fn step(lock: AtLock, socket: AtSocket, contests: &mut Contests, now: Instant) -> Step {
    match (lock, socket) {
        // Who else holds the lock only asks whether we are here, and finds us.
        (AtLock::Ours | AtLock::Held { .. } | AtLock::Unusable(_), AtSocket::Ours) => Step::Stay,
        (AtLock::Held { pid }, AtSocket::Listening) => Step::GiveWay { pid },
        // It may be about to listen, or about to go.
        (
            AtLock::Held { pid },
            AtSocket::Nothing | AtSocket::Dead | AtSocket::Other | AtSocket::Unknown(_),
        ) => Step::Wait(Problem::LockHeld { pid }),
        (AtLock::Unusable(why), _) => Step::Wait(Problem::Refused(why)),
        (AtLock::Ours, AtSocket::Unknown(error)) => Step::Wait(Problem::Refused(error.to_string())),
        (AtLock::Ours, AtSocket::Nothing) => Step::Listen,
        (AtLock::Ours, AtSocket::Dead | AtSocket::Listening | AtSocket::Other) if !contests.one_more(now) => {
            Step::Wait(Problem::Contested)
        }
        (AtLock::Ours, AtSocket::Dead) => Step::Remove,
        (AtLock::Ours, AtSocket::Listening | AtSocket::Other) => Step::MoveAside,
    }
}

/// How often the path was taken back of late: two programs that take it from each other must not do so for ever.
#[derive(Debug, Default)]
pub(super) struct Contests {
    since: Option<Instant>,
    count: u32,
}

impl Contests {
    /// Whether there may be one more.
    fn one_more(&mut self, now: Instant) -> bool {
        if self.since.is_none_or(|since| now.saturating_duration_since(since) >= CONTESTS_WITHIN) {
            (self.since, self.count) = (Some(now), 0);
        }
        if self.count == CONTESTS_MAX {
            return false;
        }
        self.count += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(lock: AtLock, socket: AtSocket) -> Step {
        step(lock, socket, &mut Contests::default(), Instant::now())
    }

    fn held() -> AtLock {
        AtLock::Held { pid: Some(7) }
    }

    #[test]
    fn with_the_lock_the_path_is_taken_back_from_whatever_stands_there() {
        assert_eq!(decide(AtLock::Ours, AtSocket::Ours), Step::Stay);
        assert_eq!(decide(AtLock::Ours, AtSocket::Nothing), Step::Listen);
        assert_eq!(decide(AtLock::Ours, AtSocket::Dead), Step::Remove);
        assert_eq!(decide(AtLock::Ours, AtSocket::Listening), Step::MoveAside);
        assert_eq!(decide(AtLock::Ours, AtSocket::Other), Step::MoveAside);
        let unknown = decide(AtLock::Ours, AtSocket::Unknown(io::Error::other("no")));
        assert_eq!(unknown, Step::Wait(Problem::Refused("no".to_owned())));
    }

    #[test]
    fn without_the_lock_nothing_is_touched() {
        for socket in
            [AtSocket::Nothing, AtSocket::Dead, AtSocket::Other, AtSocket::Unknown(io::Error::other("no"))]
        {
            assert_eq!(decide(held(), socket), Step::Wait(Problem::LockHeld { pid: Some(7) }));
        }
        for socket in [AtSocket::Nothing, AtSocket::Dead, AtSocket::Listening, AtSocket::Other] {
            let refused = decide(AtLock::Unusable("no".to_owned()), socket);
            assert_eq!(refused, Step::Wait(Problem::Refused("no".to_owned())));
        }
    }

    #[test]
    fn who_holds_the_lock_and_listens_is_the_master_of_the_path() {
        assert_eq!(decide(held(), AtSocket::Listening), Step::GiveWay { pid: Some(7) });
        assert_eq!(decide(held(), AtSocket::Ours), Step::Stay);
    }

    #[test]
    fn two_that_take_a_path_from_each_other_do_not_do_so_for_ever() {
        let (mut contests, begun) = (Contests::default(), Instant::now());
        let mut at = |seconds| {
            let now = begun + Duration::from_secs(seconds);
            step(AtLock::Ours, AtSocket::Listening, &mut contests, now)
        };
        assert_eq!([at(0), at(1), at(2)], [Step::MoveAside, Step::MoveAside, Step::MoveAside]);
        assert_eq!([at(3), at(59)], [Step::Wait(Problem::Contested), Step::Wait(Problem::Contested)]);
        assert_eq!(at(60), Step::MoveAside);
    }
}
