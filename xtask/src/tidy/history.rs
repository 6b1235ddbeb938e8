//! Migrations only add. A migration that was committed has run somewhere; whoever changes it afterwards makes databases
//! that differ without anybody knowing. The first committed version of each file is compared with the one in the folder.
//! Without a history (an archive, a first commit) there is nothing to compare and nothing to complain about.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use super::Complaint;
use super::tree::{Tree, git};

/// A migration that stands in HEAD.
pub struct Migration {
    path: String,
    /// Object ids of its content: as first committed, and as in the folder now, unless it is gone.
    first: String,
    now: Option<String>,
}

pub fn read(root: &Path) -> Result<Vec<Migration>> {
    let Some(committed) = git(root, &["ls-tree", "-r", "-z", "--name-only", "HEAD", "migrations/"]) else {
        return Ok(Vec::new());
    };
    let log =
        ["log", "--no-renames", "--diff-filter=A", "--raw", "--no-abbrev", "--format=", "HEAD", "--", "migrations"];
    let first = first_versions(&git(root, &log).unwrap_or_default());
    let paths = committed.split('\0').filter(|path| !path.is_empty());
    let found = paths.filter_map(|path| {
        let first = first.get(path)?.clone();
        let now = git(root, &["hash-object", "--", path]).map(|id| id.trim().to_owned());
        Some(Migration { path: path.to_owned(), first, now })
    });
    Ok(found.collect())
}

/// From `git log --raw`, which runs from new to old: the last mention of a path is its first version.
fn first_versions(log: &str) -> BTreeMap<String, String> {
    let added = log.lines().filter_map(|line| {
        let (about, path) = line.split_once('\t')?;
        Some((path.to_owned(), about.split(' ').nth(3)?.to_owned()))
    });
    added.collect()
}

pub fn migrations_only_add(tree: &Tree) -> Vec<Complaint> {
    let changed = tree.migrations.iter().filter(|migration| migration.now.as_ref() != Some(&migration.first));
    changed
        .map(|migration| {
            let what = if migration.now.is_some() { "changed" } else { "removed" };
            let text = format!("a migration was {what} after it had been committed; put it back and add a new one");
            Complaint { path: migration.path.clone(), line: 1, text }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_changed_or_removed_migration_is_noticed_and_a_new_one_is_not() {
        let root = std::env::temp_dir().join(format!("loket-xtask-history-{}", std::process::id()));
        let folder = root.join("migrations/desk");
        fs::create_dir_all(&folder).unwrap();
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
        let commit = || {
            git(&root, &["add", "."]).unwrap();
            let sari = ["-c", "user.name=Sari", "-c", "user.email=sari@example.org", "-c", "commit.gpgsign=false"];
            git(&root, &[&sari[..], &["commit", "-q", "-m", "Migrations"]].concat()).unwrap();
        };
        let complaints = || {
            let tree = Tree { migrations: read(&root).unwrap(), ..Tree::default() };
            let found = migrations_only_add(&tree).into_iter();
            found.map(|complaint| complaint.path.rsplit('/').next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        git(&root, &["init", "-q"]).unwrap();
        write("0001.sql", "create table a (n integer);\n");
        write("0002.sql", "create table b (n integer);\n");
        assert!(complaints().is_empty(), "no history yet");
        commit();
        write("0003.sql", "create table c (n integer);\n");
        assert!(complaints().is_empty(), "only added to");
        write("0001.sql", "create table a (n text);\n");
        assert_eq!(complaints(), ["0001.sql"]);
        commit();
        assert_eq!(complaints(), ["0001.sql"], "committing the change doesn't make it right");
        fs::remove_file(folder.join("0002.sql")).unwrap();
        assert_eq!(complaints(), ["0001.sql", "0002.sql"]);
        fs::remove_dir_all(&root).unwrap();
    }
}
