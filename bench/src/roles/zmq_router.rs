//! A ROUTER that sends every message back, and says when it is there.

use crate::processes::end_with_parent;

pub(super) fn play(endpoint: &str) -> anyhow::Result<()> {
    end_with_parent();
    let context = zmq::Context::new();
    let socket = context.socket(zmq::ROUTER)?;
    socket.bind(endpoint)?;
    println!("{endpoint}");
    loop {
        let identity = socket.recv_msg(0)?;
        let message = socket.recv_msg(0)?;
        socket.send(identity, zmq::SNDMORE)?;
        socket.send(message, 0)?;
    }
}
