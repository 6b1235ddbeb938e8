//! The TypeScript that the window is built against is the one this crate speaks.

#[test]
fn the_window_is_built_against_the_commands_of_this_desk() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/src/gen/api.ts");
    let now = loket_desk::api::typescript();
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    if now != committed {
        std::fs::write(path, &now).expect("ui/src/gen can be written");
        panic!("ui/src/gen/api.ts had drifted from api.rs; it has been written anew, look at it and commit it");
    }
}
