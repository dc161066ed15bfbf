//! A DEALER that says that it is there, and then answers every message.

use crate::processes::end_with_parent;
use crate::work::{HmacChain, Work, spin, sum};

pub(super) fn play(endpoint: &str, work: Work) -> anyhow::Result<()> {
    end_with_parent();
    let context = zmq::Context::new();
    let socket = context.socket(zmq::DEALER)?;
    socket.connect(endpoint)?;
    socket.send("ready", 0)?;
    let chain = HmacChain::new();
    loop {
        let payload = socket.recv_msg(0)?;
        match work {
            Work::Echo | Work::EchoLarge => socket.send(payload, 0)?,
            Work::Sum => socket.send(&sum(&payload)[..], 0)?,
            Work::Hmac => socket.send(&chain.run(&payload)[..], 0)?,
            Work::Spin => {
                spin(&payload);
                socket.send("", 0)?;
            }
        }
    }
}
