//! What may stand where: no clock or disk in the core, SQL in two modules, one door to Tauri and one to the network,
//! features that don't know each other, and a window that knows nothing of the counter's business.

use super::Complaint;
use super::tree::{File, Tree, lines, word_at};

/// Lines of a file on which `bad` finds something, each with its sentence.
fn each_line(file: &File, text: &str, bad: impl Fn(&str) -> Option<String>) -> Vec<Complaint> {
    lines(text).filter_map(|(number, line)| bad(line).map(|what| file.complain(number, what))).collect()
}

const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "SystemTime",
    "Instant::now",
    "Utc::now",
    "Local::now",
    "async",
];

pub fn core_is_pure(tree: &Tree) -> Vec<Complaint> {
    let complain = |what: &str| format!("`{what}` in the core: time, ids, chance and files come in as values");
    let files = tree.below("crates/loket-core/src/").filter(|file| file.extension() == "rs");
    files
        .flat_map(|file| {
            let mut found = each_line(file, &file.bare, |line| {
                IMPURE.iter().find(|word| word_at(line, word).is_some()).map(|word| complain(word))
            });
            found.extend(grouped_imports(&file.bare).into_iter().filter_map(|(line, module)| {
                let word = IMPURE.iter().find(|word| word.strip_prefix("std::") == Some(&module))?;
                Some(file.complain(line, complain(word)))
            }));
            found
        })
        .collect()
}

/// The modules that stand in a `use std::{..}`, with the line the group opens on.
fn grouped_imports(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, group) in code.match_indices("std::{") {
        let line = code[..at].matches('\n').count() + 1;
        let mut depth = 1;
        let mut word = String::new();
        for char in code[at + group.len()..].chars() {
            if char.is_alphanumeric() || char == '_' {
                word.push(char);
                continue;
            }
            let ended = std::mem::take(&mut word);
            if !ended.is_empty() && depth == 1 {
                found.push((line, ended));
            }
            match char {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    found
}

/// The two modules, and the tests of the ledger, which make its databases, spoil them on purpose and look into them.
const SQL_MODULES: &[&str] = &[
    "crates/loket-desk/src/store",
    "crates/loket-server/src/ledger",
    "crates/loket-server/tests/copies",
    "crates/loket-server/tests/house/place",
    "crates/loket-server/tests/ledger",
    "crates/loket-server/tests/migrations",
];

pub fn sql_in_two_modules(tree: &Tree) -> Vec<Complaint> {
    let in_module = |path: &str| {
        SQL_MODULES
            .iter()
            .any(|module| path.strip_prefix(module).is_some_and(|rest| rest == ".rs" || rest.starts_with('/')))
    };
    let files = tree.files.iter().filter(|file| file.extension() == "rs" && !in_module(&file.path));
    files
        .flat_map(|file| {
            each_line(file, &file.bare, |line| {
                word_at(line, "sqlx").map(|_| {
                    "SQL stands in the desk's `store` and the server's `ledger` only; if a third place seems needed, question the design".into()
                })
            })
        })
        .collect()
}

const TAURI_DOOR: &str = "ui/src/host/tauri.ts";
const NETWORK_DOOR: &str = "ui/src/host/http.ts";

fn ui_sources(tree: &Tree) -> impl Iterator<Item = &File> {
    tree.below("ui/src/").filter(|file| {
        let is_test = [".test.", ".spec.", "/tests/", "/__tests__/"].iter().any(|mark| file.path.contains(mark));
        ["ts", "js", "mjs", "svelte"].contains(&file.extension()) && !is_test
    })
}

pub fn ui_doors(tree: &Tree) -> Vec<Complaint> {
    ui_sources(tree)
        .flat_map(|file| {
            each_line(file, &file.code, |line| {
                if line.contains("@tauri-apps/") && file.path != TAURI_DOOR {
                    return Some(format!("only {TAURI_DOOR} imports `@tauri-apps/`; ask the host instead"));
                }
                (calls_fetch(line) && file.path != NETWORK_DOOR)
                    .then(|| format!("only {NETWORK_DOOR} calls `fetch`; ask the host instead"))
            })
        })
        .collect()
}

/// `fetch(..)` itself, also through the global object; not a method of that name, nor `prefetch`.
fn calls_fetch(line: &str) -> bool {
    line.match_indices("fetch(").any(|(at, _)| {
        let before = &line[..at];
        let part_of_word = |char: char| char.is_alphanumeric() || char == '_' || char == '$';
        match before.strip_suffix('.') {
            Some(object) => ["window", "globalThis", "self"].iter().any(|global| object.ends_with(global)),
            None => !before.chars().next_back().is_some_and(part_of_word),
        }
    })
}

const FEATURES: &str = "ui/src/features/";

pub fn features_apart(tree: &Tree) -> Vec<Complaint> {
    let files = tree.below(FEATURES).filter(|file| ["ts", "js", "mjs", "svelte"].contains(&file.extension()));
    files
        .flat_map(|file| {
            let own = feature(&file.path).unwrap_or_default();
            each_line(file, &file.code, |line| {
                let other = imports(line).into_iter().find_map(|import| {
                    feature(&resolve(&file.path, import)).filter(|other| *other != own).map(str::to_owned)
                })?;
                Some(format!("feature `{own}` imports feature `{other}`; what both need belongs in shared/, composing in App.svelte"))
            })
        })
        .collect()
}

/// The feature that a path lies in: its folder, or the file itself if it stands there alone.
fn feature(path: &str) -> Option<&str> {
    let (before, inside) = path.split_once("features/")?;
    let first = inside.split('/').next()?.split('.').next()?;
    (!first.is_empty() && (before.is_empty() || before.ends_with('/'))).then_some(first)
}

/// What a line imports. Imports over several lines end in `from ".."`, so the line with the path is enough.
fn imports(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for word in ["from", "import", "import("] {
        for (at, _) in line.match_indices(word) {
            let rest = line[at + word.len()..].trim_start();
            let Some(quote) = rest.chars().next().filter(|char| ['"', '\'', '`'].contains(char)) else { continue };
            found.extend(rest[1..].split(quote).next());
        }
    }
    found
}

/// Relative imports are followed from the importing file; anything else (an alias, a package) is taken as it stands.
fn resolve(importer: &str, import: &str) -> String {
    if !import.starts_with('.') {
        return import.replacen('$', "", 1);
    }
    let mut parts: Vec<&str> = importer.split('/').collect();
    parts.pop();
    for part in import.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

const BUSINESS: &[&str] = &["visit", "application", "verdict", "ticket", "nik"];

pub fn window_without_business(tree: &Tree) -> Vec<Complaint> {
    let files = tree.below("src-tauri/src/").filter(|file| file.extension() == "rs");
    files
        .flat_map(|file| {
            each_line(file, &file.code, |line| {
                // The name of a media type is no word of the counter's.
                let line = line.to_lowercase().replace("application/", "");
                let word = BUSINESS.iter().find(|word| word_at(&line, word).is_some())?;
                Some(format!("`{word}` is the counter's business; the window only carries calls to loket-desk"))
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(complaints: &[Complaint]) -> Vec<String> {
        complaints.iter().map(|complaint| format!("{}:{}", complaint.path, complaint.line)).collect()
    }

    #[test]
    fn the_core_has_neither_clock_nor_disk() {
        for bad in [
            "use std::fs;",
            "use std::{collections::BTreeMap, net};",
            "use std::{\n  env::{self, args},\n  fmt,\n};",
            "std::process::exit(1)",
            "let t = SystemTime::UNIX_EPOCH;",
            "Instant::now()",
            "chrono::Utc::now()",
            "Local::now()",
            "pub async fn f() {}",
        ] {
            let tree = Tree::of(&[("crates/loket-core/src/x.rs", bad), ("crates/loket-desk/src/x.rs", bad)]);
            assert_eq!(places(&core_is_pure(&tree)), ["crates/loket-core/src/x.rs:1"], "{bad}");
        }
        let good = "use std::{fmt, collections::{BTreeMap, btree_map::env}};\n// Utc::now\nlet s = \"std::fs async\"; asynchronous()";
        assert_eq!(core_is_pure(&Tree::of(&[("crates/loket-core/src/x.rs", good)])), []);
    }

    #[test]
    fn sql_has_two_homes() {
        let sql = "sqlx::query(\"select 1\")";
        let tree = Tree::of(&[
            ("crates/loket-desk/src/store.rs", sql),
            ("crates/loket-desk/src/store/outbox.rs", sql),
            ("crates/loket-server/src/ledger.rs", sql),
            ("crates/loket-server/src/ledger_report.rs", sql),
            ("crates/loket-desk/src/desk.rs", "// sqlx is not used here\nuse sqlx::Row;"),
        ]);
        assert_eq!(
            places(&sql_in_two_modules(&tree)),
            ["crates/loket-server/src/ledger_report.rs:1", "crates/loket-desk/src/desk.rs:2"]
        );
    }

    #[test]
    fn each_door_is_used_by_its_keeper_alone() {
        let both = "import { invoke } from '@tauri-apps/api/core';\nawait fetch('/call');";
        let tree = Tree::of(&[
            (TAURI_DOOR, both),
            (NETWORK_DOOR, both),
            ("ui/src/desk.test.ts", both),
            ("ui/src/App.svelte", "<!-- fetch(x) -->\n{window.fetch(x)}\n// fetch(x)\nscans.fetch(x); prefetch(x)"),
        ]);
        assert_eq!(
            places(&ui_doors(&tree)),
            ["ui/src/host/tauri.ts:2", "ui/src/host/http.ts:1", "ui/src/App.svelte:2"]
        );
    }

    #[test]
    fn features_do_not_know_each_other() {
        let file = "import A from './Own.svelte';\nimport { b } from '../../shared/b';\nimport {\n  c\n} from \"../call/c\";\n\
                    const d = import('$features/hall/d');\n// import e from '../call/e'\nimport '../verify/f';\n\
                    import g from '@/features/board';\nexport * from '../../features/call';";
        let tree = Tree::of(&[("ui/src/features/verify/x.ts", file), ("ui/src/App.svelte", file)]);
        let lines: Vec<_> = features_apart(&tree).iter().map(|complaint| complaint.line).collect();
        assert_eq!(lines, [5, 6, 9, 10]);
    }

    #[test]
    fn the_window_speaks_of_no_business() {
        let file =
            "//! Every visit.\nfn main() {}\nlet a = \"Verdict\";\nlet revisited = visit_all; // ticket\nstruct NIK;";
        let tree = Tree::of(&[("src-tauri/src/main.rs", file), ("crates/loket-desk/src/x.rs", file)]);
        assert_eq!(places(&window_without_business(&tree)), ["src-tauri/src/main.rs:3", "src-tauri/src/main.rs:5"]);
    }
}
