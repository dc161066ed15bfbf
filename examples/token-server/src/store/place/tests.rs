//! The order of nodes, and their refill.

use super::*;

fn node(id: i64, available: i64, current_load: i64, capacity: i64) -> Node {
    Node {
        id,
        node: format!("https://{id}.example"),
        available,
        current_load,
        capacity,
        state: NodeState::Up,
    }
}

fn chosen(nodes: &[Node]) -> Option<i64> {
    place(nodes.to_vec()).chosen.map(|node| node.id)
}

#[test]
fn the_order_is_the_ratio_of_logarithms_not_of_numbers() {
    assert_eq!(chosen(&[node(1, 1, 500, 1000), node(2, 1, 50, 100)]), Some(2));
    assert_eq!(chosen(&[node(1, 1, 40, 1000), node(2, 1, 20, 100)]), Some(1));
}

#[test]
fn an_empty_node_comes_before_all_others_and_the_oldest_of_equals_first() {
    assert_eq!(chosen(&[node(1, 1, 1, 1_000_000), node(2, 1, 0, 1), node(3, 1, 0, 1000)]), Some(2));
    assert_eq!(chosen(&[node(4, 1, 0, 10), node(3, 1, 0, 10)]), Some(3));
}

#[test]
fn one_user_is_less_than_two_whatever_the_capacity() {
    assert_eq!(chosen(&[node(1, 1, 2, i64::MAX), node(2, 1, 1, 2)]), Some(2));
}

#[test]
fn no_load_of_a_candidate_is_unordered() {
    for capacity in 1..50 {
        for current_load in -1..capacity {
            assert!(load(&node(1, 1, current_load, capacity)).is_finite());
        }
    }
}

#[test]
fn full_downed_and_resting_nodes_are_passed_over() {
    let mut downed = node(1, 1, 0, 10);
    downed.state = NodeState::Downed;
    let mut resting = node(2, 1, 0, 10);
    resting.state = NodeState::Backoff;
    assert_eq!(chosen(&[downed.clone(), resting.clone(), node(3, 5, 10, 10), node(4, 1, 9, 10)]), Some(4));
    assert_eq!(chosen(&[downed, resting, node(3, 5, 10, 10)]), None);
}

#[test]
fn nothing_available_anywhere_is_refilled_by_a_tenth_within_the_capacity() {
    let placement =
        place(vec![node(1, 0, 50, 100), node(2, -3, 99, 100), node(3, 0, 100, 100), node(4, 0, 1, 5)]);
    assert_eq!(placement.refilled, [(1, 10), (2, 1), (4, 1)]);
    assert_eq!(placement.chosen.map(|node| node.id), Some(4));
    assert_eq!(place(vec![node(1, 0, 50, 100), node(2, 1, 99, 100)]).refilled, []);
}

#[test]
fn a_resting_node_is_refilled_and_not_chosen_and_a_downed_one_neither() {
    let mut resting = node(1, 0, 0, 20);
    resting.state = NodeState::Backoff;
    let mut downed = node(2, 0, 0, 20);
    downed.state = NodeState::Downed;
    assert_eq!(place(vec![resting, downed]), Placement { refilled: vec![(1, 2)], chosen: None });
}

#[test]
fn a_new_node_has_a_tenth_rounded_up() {
    assert_eq!([0, 1, 7, 10, 11, 100, i64::MAX].map(released), [0, 1, 1, 1, 2, 10, i64::MAX / 10 + 1]);
}
