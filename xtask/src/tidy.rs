//! The house rules, as tests in our own language. Each rule is a function from the tree to complaints with a file and a
//! line; together they keep the arrows and absences that ARCHITECTURE.md promises. They read text and cargo metadata
//! only, so they run in a second and also on a tree that doesn't compile. A rule never repairs anything.

mod arrows;
mod history;
mod places;
mod reading;
mod tree;

use std::fmt;

use anyhow::{Result, bail};

use crate::run::Place;
use tree::Tree;

/// What is wrong, and where to go to mend it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Complaint {
    pub path: String,
    pub line: usize,
    pub text: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.text)
    }
}

type Rule = fn(&Tree) -> Vec<Complaint>;

const RULES: &[(&str, Rule)] = &[
    ("arrows", arrows::arrows),
    ("one dependency table", arrows::one_dependency_table),
    ("core is pure", places::core_is_pure),
    ("SQL in two modules", places::sql_in_two_modules),
    ("one door to Tauri and one to the network", places::ui_doors),
    ("features don't know each other", places::features_apart),
    ("no business word in the window", places::window_without_business),
    ("files open with a paragraph", reading::opening_paragraph),
    ("nothing left for later", reading::nothing_left_for_later),
    ("no test is skipped", reading::no_test_is_skipped),
    ("no machine in the tree", reading::no_machine_in_the_tree),
    ("lock files without addresses", reading::lock_files_without_addresses),
    ("migrations only add", history::migrations_only_add),
];

pub fn tidy(place: &Place) -> Result<()> {
    let tree = Tree::read(&place.root)?;
    let mut count = 0;
    for (name, rule) in RULES {
        let mut complaints = rule(&tree);
        complaints.sort();
        complaints.dedup();
        count += complaints.len();
        complaints.iter().for_each(|complaint| println!("{complaint}  [{name}]"));
    }
    println!("{} rules, {count} complaints", RULES.len());
    if count > 0 {
        bail!("The tree isn't tidy.");
    }
    Ok(())
}
