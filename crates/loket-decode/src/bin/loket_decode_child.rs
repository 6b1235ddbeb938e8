//! The smallest program that can be a decoding child. The tests start it, and so may any program that links so much that
//! starting itself again would cost more than decoding.

fn main() {
    loket_decode::child_main_if_asked();
    eprintln!("This program only decodes scans for another one; started by hand it has nothing to do.");
}
