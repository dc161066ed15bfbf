//! REGISTER: a peer becomes a worker, or offers other pools than before.

use super::greeting::RETRY_AFTER_MS;
use super::{Desk, Route};
use crate::dispatcher::{Attention, Offer, PeerKey, Registration, STOCK_WAIT, TooManyPools};
use powerhose_protocol::{Kind, Message, NamedValues, PoolTerms, Register, Registered};

impl Desk {
    pub(super) fn register(&mut self, peer: PeerKey, register: &Register<'_>) {
        let Some(route) = self.sessions.get(peer).map(|session| session.route) else { return };
        let offers = register.pools.iter();
        let registration = Registration {
            pid: u32::try_from(register.pid).unwrap_or(0),
            host: register.host,
            instance: register.instance,
            labels: register.labels.0.iter().map(|(name, value)| (*name, *value)).collect(),
            attention: if register.attentive { Attention::Always } else { Attention::BetweenJobs },
            offers: offers
                .map(|offer| Offer {
                    pool: offer.pool,
                    credit_max: u32::try_from(offer.credit_max).unwrap_or(u32::MAX),
                })
                .collect(),
        };
        match self.dispatcher.register(peer, &registration) {
            Ok(()) => self.tell_registered(peer, route, register),
            Err(TooManyPools { pools_max }) => {
                let text = format!("this master keeps at most {pools_max} pools");
                let kind = Kind::Register as u64;
                self.reject(route, kind, None, "pools_max", &text, Some(RETRY_AFTER_MS));
            }
        }
    }

    fn tell_registered(&mut self, peer: PeerKey, route: Route, register: &Register<'_>) {
        let Some(session) = self.sessions.get(peer).map(|session| session.id) else { return };
        let settings = self.dispatcher.settings();
        let terms = register.pools.iter().map(|offer| {
            let pool = settings.pools.iter().find(|(name, _)| name == offer.pool);
            let end_within = pool.and_then(|(_, pool)| pool.end_within).map(|grace| grace.as_millis() as u64);
            let overrun_grace = end_within.unwrap_or(settings.overrun_grace.as_millis() as u64);
            let grace = [("overrun_grace_ms", overrun_grace)];
            let cancel = end_within.map(|grace| ("cancel_grace_ms", grace));
            let wait = (!self.dispatcher.has_fixed_credit(offer.pool))
                .then_some(("stock_wait_ms", STOCK_WAIT.as_millis() as u64));
            PoolTerms {
                pool: offer.pool,
                settings: NamedValues(grace.into_iter().chain(cancel).chain(wait).collect()),
            }
        });
        let worker = self.dispatcher.number(peer);
        let message = Message::Registered(Registered { session, worker, pools: terms.collect() });
        self.send(route, message);
    }
}
