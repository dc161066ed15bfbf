//! What all wires have in common, tried with each and with each pair that can talk: `messages` come whole and in their order, an
//! end is told in its place (`ends`), who sleeps is woken (`sleep`), and what a peer can make a listener hold is bounded
//! (`bounds`).

mod bounds;
mod ends;
mod messages;
mod sleep;
mod world;

/// All that is to hold, of one pair of wires at one place.
macro_rules! conform {
    ($($pair:ident: $listens:ident, $connects:ident, $place:ident;)*) => {$(
        mod $pair {
            use crate::world::{Kind, Place, World};

            fn world() -> World {
                World { listens: Kind::$listens, connects: Kind::$connects, place: Place::$place() }
            }

            conform! {@tests
                messages: come_in_their_order, come_in_every_size, of_several_frames_come_whole,
                    go_to_whom_they_are_for, fill_room_that_was_asked_for, to_nobody_are_refused;
                ends: of_links_are_told_after_their_last_message, of_listeners_are_told, by_cutting_are_told_to_both,
                    leave_no_way_back, make_way_for_another_connection, of_one_are_of_no_other;
                sleep: ends_with_a_message_to_either, ends_with_a_watched_descriptor, ends_in_time,
                    elsewhere_needs_only_descriptor_and_has_more, elsewhere_is_not_disturbed_by_questions;
                bounds: cut_off_who_sends_too_much, refuse_who_does_not_read, turn_away_connections_beyond_the_most,
                    show_that_a_message_has_too_many_frames, tell_who_chose_an_identity;
            }
        }
    )*};
    (@tests $($file:ident: $($test:ident),*;)*) => {$(
        mod $file {
            $(#[test]
            fn $test() {
                crate::$file::$test(&super::world());
            })*
        }
    )*};
}

conform! {
    zmtp_over_unix_sockets: Zmtp, Zmtp, unix;
    zmtp_over_tcp: Zmtp, Zmtp, tcp;
    shared_memory: Shared, Shared, unix;
    shared_memory_that_the_link_does_not_offer: Shared, Zmtp, unix;
    shared_memory_that_the_listener_does_not_offer: Zmtp, Shared, unix;
    shared_memory_over_tcp_is_none: Shared, Shared, tcp;
    memory: Memory, Memory, memory;
}

#[cfg(feature = "libzmq")]
conform! {
    shared_memory_and_a_libzmq_link: Shared, Libzmq, unix;
    libzmq_and_a_link_with_shared_memory: Libzmq, Shared, unix;
    zmtp_and_a_libzmq_link_over_unix_sockets: Zmtp, Libzmq, unix;
    zmtp_and_a_libzmq_link_over_tcp: Zmtp, Libzmq, tcp;
    libzmq_and_a_zmtp_link_over_unix_sockets: Libzmq, Zmtp, unix;
    libzmq_and_a_zmtp_link_over_tcp: Libzmq, Zmtp, tcp;
    libzmq_over_unix_sockets: Libzmq, Libzmq, unix;
    libzmq_over_tcp: Libzmq, Libzmq, tcp;
}
