//! What a seed decides before anything happens: the settings, who takes part, how fast time passes, which faults strike
//! how often. A run without a fault of some kind finds what that fault would hide.

use crate::process::Manners;
use crate::world::Happening;
use powerhose::{PoolSettings, Settings, SharedSecret, SharedSecrets};
use powerhose_harness::Draws;
use std::time::Duration;

/// The pools that callers ask for. The last one is offered by nobody.
pub(crate) const POOLS: [&str; 4] = ["hash", "sign", "page", "nobody"];

pub(crate) struct Scenario {
    pub(crate) settings: Settings,
    pub(crate) seats: Vec<Seat>,
    pub(crate) secrets: Option<Secrets>,
    /// Between two happenings, on average.
    pub(crate) gap: Duration,
    pub(crate) delay_max: Duration,
    /// How late the master's loop may come.
    pub(crate) lateness_max: Duration,
    pub(crate) runs: Runs,
    /// How often of a thousand a payload kills its worker, and its handler hangs.
    pub(crate) kill_permille: u64,
    pub(crate) hang_permille: u64,
    pub(crate) once_permille: u64,
    pub(crate) pools: usize,
    pub(crate) weights: Vec<(Happening, u64)>,
}

#[derive(Clone)]
pub(crate) struct Secrets {
    pub(crate) workers: SharedSecret,
    pub(crate) clients: SharedSecret,
    pub(crate) wrong: SharedSecret,
}

/// How long handlers run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runs {
    Short,
    Middle,
    Long,
    Mixed,
}

/// A place that a process takes, and after it another.
#[derive(Clone, Debug)]
pub(crate) enum Seat {
    Worker(WorkerSeat),
    Client(ClientSeat),
    /// Says what it likes.
    Raw,
    /// Gives orders and asks questions.
    Operator,
    /// A worker that does not know the secret.
    Stranger,
}

#[derive(Clone, Debug)]
pub(crate) struct WorkerSeat {
    pub(crate) pools: Vec<(&'static str, u64)>,
    pub(crate) manners: Manners,
    /// On the master's host, started by its supervisor.
    pub(crate) supervised: bool,
    pub(crate) silence_max: Duration,
}

#[derive(Clone, Debug)]
pub(crate) struct ClientSeat {
    pub(crate) queue_jobs_max: usize,
    pub(crate) queue_bytes_max: usize,
}

impl Scenario {
    pub(crate) fn draw(random: &mut Draws) -> Scenario {
        let pools = random.between(1, 3) as usize;
        let secrets = random.permille(250).then(|| Secrets::new(random));
        let seats = draw_seats(random, pools, secrets.is_some());
        let mut settings = draw_settings(random, pools, &seats);
        if let Some(secrets) = &secrets {
            settings.secrets = SharedSecrets {
                workers: vec![secrets.workers.clone()],
                clients: vec![secrets.wrong_way(random), secrets.clients.clone()],
            };
        }
        Scenario {
            settings,
            seats,
            secrets,
            gap: *random.pick(&[300, 2000, 8000, 25_000].map(Duration::from_micros)).expect("one of four"),
            delay_max: *random
                .pick(&[100, 1000, 5000, 60_000].map(Duration::from_micros))
                .expect("one of four"),
            lateness_max: *random
                .pick(&[0, 100, 3000, 40_000].map(Duration::from_micros))
                .expect("one of four"),
            runs: *random
                .pick(&[Runs::Short, Runs::Short, Runs::Middle, Runs::Long, Runs::Mixed])
                .expect("one of five"),
            kill_permille: *random.pick(&[0, 0, 10, 60]).expect("one of four"),
            hang_permille: *random.pick(&[0, 0, 10, 40]).expect("one of four"),
            once_permille: *random.pick(&[0, 50, 300]).expect("one of three"),
            pools,
            weights: draw_weights(random),
        }
    }
}

impl Secrets {
    fn new(random: &mut Draws) -> Secrets {
        let mut secret =
            || SharedSecret::new(format!("{:032x}", random.number())).expect("it is long enough");
        Secrets { workers: secret(), clients: secret(), wrong: secret() }
    }

    /// An older secret that still counts.
    fn wrong_way(&self, random: &mut Draws) -> SharedSecret {
        SharedSecret::new(format!("older {:032x}", random.number())).expect("it is long enough")
    }
}

fn draw_seats(random: &mut Draws, pools: usize, secrets: bool) -> Vec<Seat> {
    let mut seats = Vec::new();
    for _ in 0..random.between(1, 6) {
        seats.push(Seat::Worker(draw_worker(random, pools)));
    }
    for _ in 0..random.below(4) {
        seats.push(Seat::Client(ClientSeat {
            queue_jobs_max: *random.pick(&[3, 1000, 1000]).expect("one of three"),
            queue_bytes_max: *random.pick(&[400, 1 << 20]).expect("one of two"),
        }));
    }
    if random.permille(600) {
        seats.push(Seat::Operator);
    }
    for _ in 0..random.below(3) {
        seats.push(Seat::Raw);
    }
    if secrets && random.permille(600) {
        seats.push(Seat::Stranger);
    }
    seats
}

fn draw_worker(random: &mut Draws, pools: usize) -> WorkerSeat {
    let credit = *random.pick(&[1, 2, 8, 64]).expect("one of four");
    let first = random.below(pools as u64) as usize;
    let mut offers = vec![(POOLS[first], credit)];
    if pools > 1 && random.permille(400) {
        offers.push((POOLS[(first + 1) % pools], *random.pick(&[1, 4, 64]).expect("one of three")));
    }
    let manners = match random.below(10) {
        0 | 1 => Manners::Inattentive,
        2 => Manners::Repeats,
        3 => Manners::Lies,
        _ => Manners::Honest,
    };
    let silence_max = *random.pick(&[30, 30, 8].map(Duration::from_secs)).expect("one of three");
    WorkerSeat { pools: offers, manners, supervised: random.permille(600), silence_max }
}

fn draw_settings(random: &mut Draws, pools: usize, seats: &[Seat]) -> Settings {
    let mut settings = Settings::default();
    settings.timeout = random.millis(100, 3000);
    settings.attempts_max = random.between(1, 3) as u32;
    settings.overrun_grace = random.millis(100, 2000);
    settings.unknown_pool_wait = random.millis(50, 1000);
    settings.queue_jobs_max = *random.pick(&[4, 30, 100_000, 100_000]).expect("one of four");
    settings.queue_bytes_max = *random.pick(&[600, 10_000, 1 << 28, 1 << 28]).expect("one of four");
    settings.payload_bytes_max = *random.pick(&[300, 1 << 20]).expect("one of two");
    settings.batch_jobs_max = *random.pick(&[1, 3, 64]).expect("one of three");
    settings.batch_bytes_max = *random.pick(&[150, 2000, 256 << 10]).expect("one of three");
    let hostile = seats.iter().any(|seat| matches!(seat, Seat::Raw));
    if !hostile && random.permille(300) {
        settings.pools_max = pools;
    }
    let workers = seats.iter().filter(|seat| matches!(seat, Seat::Worker(_))).count();
    if random.permille(200) {
        // As many as there are: one that comes again before the old is forgotten has to wait.
        settings.workers_max = workers.max(1);
    }
    if random.permille(100) {
        let clients = seats.iter().filter(|seat| matches!(seat, Seat::Client(_) | Seat::Operator)).count();
        settings.clients_max = clients + 1;
    }
    settings.handshakes_per_second_max = *random.pick(&[1000, 1000, 5]).expect("one of three");
    for name in &POOLS[..pools] {
        if random.permille(500) {
            settings.pools.push(((*name).to_owned(), draw_pool(random)));
        }
    }
    settings
}

fn draw_pool(random: &mut Draws) -> PoolSettings {
    let mut pool = PoolSettings::new();
    if random.permille(300) {
        pool = pool.run_time_soft(random.millis(1, 100), random.below(4) as u32);
    }
    if random.permille(400) {
        pool = pool.credit(random.between(1, 8) as u32);
    }
    pool
}

/// Work goes on in every run; each fault strikes in about half of them, and hard in few.
fn draw_weights(random: &mut Draws) -> Vec<(Happening, u64)> {
    let mut weights = Vec::new();
    for (happening, weight) in Happening::ALL {
        let factor = match happening {
            Happening::SubmitHere | Happening::SubmitThere => random.between(1, 4),
            _ => *random.pick(&[0, 0, 1, 1, 2, 6]).expect("one of six"),
        };
        weights.push((*happening, weight * factor));
    }
    weights
}
