//! What a reader may expect of any file: an opening paragraph, nothing put off, no test asleep, and no trace of the
//! machine it was written on. The words these rules look for are put together from halves here, so that this file
//! may be read by its own rules.

use super::Complaint;
use super::tree::{File, Tree, lines, word_at};

const SOURCES: &[&str] = &["rs", "ts", "js", "mjs", "svelte", "css", "html", "sql", "toml", "sh"];

const OPENING_WORDS_MIN: usize = 4;

pub fn opening_paragraph(tree: &Tree) -> Vec<Complaint> {
    let has_one = |path: &str| {
        let in_crate = path.strip_prefix("crates/").and_then(|rest| rest.split_once('/')).map(|(_, rest)| rest);
        in_crate.is_some_and(|rest| rest.starts_with("src/"))
            || ["src-tauri/src/", "tests/src/", "xtask/src/"].iter().any(|folder| path.starts_with(folder))
    };
    let files = tree.files.iter().filter(|file| file.extension() == "rs" && has_one(&file.path));
    files
        .filter(|file| !opens_with_a_sentence(&file.text))
        .map(|file| {
            file.complain(1, "a file opens with a `//!` paragraph: why it exists, what it promises, what it never does")
        })
        .collect()
}

fn opens_with_a_sentence(text: &str) -> bool {
    let lines = text.lines().skip_while(|line| line.trim().is_empty());
    let paragraph: Vec<&str> = lines.map_while(|line| line.trim().strip_prefix("//!")).collect();
    let words: Vec<&str> = paragraph.iter().flat_map(|line| line.split_whitespace()).collect();
    let ends = |word: &&str| word.trim_end_matches([')', '"', '`', '*']).ends_with(['.', '!', '?', ':']);
    words.len() >= OPENING_WORDS_MIN && words.iter().any(ends)
}

const LATER: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("to", "do!"),
    concat!("unimple", "mented!"),
    concat!("db", "g!"),
];
/// Also the code of a person without nationality in a passport, so it only counts where it opens a remark.
const MARK: &str = concat!("XX", "X");

pub fn nothing_left_for_later(tree: &Tree) -> Vec<Complaint> {
    each_line_of(
        tree,
        |file| SOURCES.contains(&file.extension()),
        |_, line| {
            let word = LATER.iter().find(|word| word_at(line, word).is_some());
            let remark = word_at(line, MARK).filter(|at| {
                let before = line[..*at].trim_end();
                line[*at + MARK.len()..].starts_with(':')
                    || ["//", "///", "//!", "/*", "<!--", "--"].iter().any(|open| before.ends_with(open))
                    || before.trim_start() == "#"
            });
            let word = word.copied().or(remark.map(|_| MARK))?;
            Some(format!("`{word}`: finish it, or write down why it is right as it is"))
        },
    )
}

pub fn no_test_is_skipped(tree: &Tree) -> Vec<Complaint> {
    let (ignored, skipped) = (concat!("#[ig", "nore"), concat!(".sk", "ip("));
    let alone: &[&str] = &[concat!("it.on", "ly("), concat!("test.on", "ly("), concat!("describe.on", "ly(")];
    each_line_of(
        tree,
        |file| SOURCES.contains(&file.extension()),
        |file, line| {
            let script = file.path.starts_with("ui/") && ["ts", "js", "mjs"].contains(&file.extension());
            let found = match file.extension() {
                "rs" => [ignored].into_iter().find(|word| line.contains(word)),
                _ if script => std::iter::once(&skipped).chain(alone).find(|word| line.contains(**word)).copied(),
                _ => None,
            };
            found.map(|word| format!("`{word}`: a test that doesn't run proves nothing; mend it or delete it"))
        },
    )
}

const MACHINE_PATHS: &[&str] =
    &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];
const REGISTRIES: &[&str] = &[
    concat!("registry.npm", "js.org"),
    concat!("registry.yarn", "pkg.com"),
    concat!("npm.pkg.git", "hub.com"),
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
];
const LOCK_FILES: &[&str] = &["Cargo.lock", "package-lock.json"];

fn is_lock_file(file: &File) -> bool {
    LOCK_FILES.contains(&file.path.rsplit('/').next().unwrap_or_default())
}

pub fn no_machine_in_the_tree(tree: &Tree) -> Vec<Complaint> {
    each_line_of(
        tree,
        |file| !is_lock_file(file),
        |file, line| {
            if let Some(path) = MACHINE_PATHS.iter().find(|path| names_a_machine(line, path)) {
                return Some(format!(
                    "`{path}` is a path of one machine; find the place at run time or say it relative to the repository"
                ));
            }
            let settings = file.path.ends_with(".npmrc") || file.path.starts_with(".cargo/");
            let address = REGISTRIES.iter().find(|address| line.contains(**address)).copied();
            address.or((settings && line.contains("://")).then_some("://")).map(|found| {
                format!("`{found}`: which registry packages come from is the machine's setting, not the repository's")
            })
        },
    )
}

/// An absolute path that starts here, and not the middle of a longer one or of an address.
fn names_a_machine(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let goes_on = |char: char| char.is_alphanumeric() || "._-~})]*$".contains(char);
        !line[..at].chars().next_back().is_some_and(goes_on)
    })
}

pub fn lock_files_without_addresses(tree: &Tree) -> Vec<Complaint> {
    each_line_of(tree, is_lock_file, |file, line| {
        let line = line.trim_start();
        if file.path.ends_with(".json") {
            let address = line.starts_with("\"resolved\"") && line.contains("://");
            return address.then(|| {
                "an address in the lock file: run `npm config set omit-lockfile-registry-resolved true --location=project` in ui/, then `npm install`".into()
            });
        }
        let foreign = line.strip_prefix("source = ").is_some_and(|source| !source.ends_with("/crates.io-index\""));
        foreign.then(|| "a crate from somewhere else than the default registry: see [sources] in deny.toml".into())
    })
}

fn each_line_of(
    tree: &Tree,
    which: impl Fn(&File) -> bool,
    bad: impl Fn(&File, &str) -> Option<String>,
) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for file in tree.files.iter().filter(|file| which(file)) {
        let found =
            lines(&file.text).filter_map(|(number, line)| bad(file, line).map(|text| file.complain(number, text)));
        complaints.extend(found);
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(complaints: &[Complaint]) -> Vec<usize> {
        complaints.iter().map(|complaint| complaint.line).collect()
    }

    #[test]
    fn a_file_opens_with_a_sentence() {
        for bad in [
            "",
            "fn main() {}",
            "// Why it exists.\n",
            "//! xtask\n",
            "//!\n//!\n",
            "use x;\n//! Why it exists, and more.\n",
        ] {
            assert_eq!(opening_paragraph(&Tree::of(&[("crates/a/src/bin/b.rs", bad)])).len(), 1, "{bad:?}");
        }
        let good = "//! Why it exists, what it\n//! promises.\n";
        let tree = Tree::of(&[("src-tauri/src/a.rs", good), ("crates/a/tests/b.rs", ""), ("crates/a/build.rs", "")]);
        assert_eq!(opening_paragraph(&tree), []);
    }

    #[test]
    fn nothing_is_put_off() {
        for word in LATER {
            let text = format!("fine\n x({word}); // it");
            assert_eq!(lines_of(&nothing_left_for_later(&Tree::of(&[("ui/src/a.svelte", &text)]))), [2], "{word}");
        }
        let text = format!(
            "// {MARK} later\nlet x = 1; // {MARK}: later\nlet stateless = \"{MARK}\"; // {MARK}\n(\"{MARK}\", 1)\n-- {MARK}"
        );
        assert_eq!(lines_of(&nothing_left_for_later(&Tree::of(&[("crates/a/src/a.rs", &text)]))), [1, 2, 5]);
    }

    #[test]
    fn no_test_sleeps() {
        let rust = format!("{}]\nfn a() {{ list.iter(){}1) }}", concat!("#[ig", "nore"), concat!(".sk", "ip("));
        let script = format!("it{}'x')\n{}'y')", concat!(".sk", "ip("), concat!("test.on", "ly("));
        assert_eq!(lines_of(&no_test_is_skipped(&Tree::of(&[("crates/a/tests/a.rs", &rust)]))), [1]);
        assert_eq!(lines_of(&no_test_is_skipped(&Tree::of(&[("ui/src/a.test.ts", &script)]))), [1, 2]);
    }

    #[test]
    fn no_machine_shows() {
        let path = MACHINE_PATHS[0];
        let text =
            format!("see {path}main\nhttps://host{path}x and a{path}b\n\"{}x\"\nfile://{path}x", MACHINE_PATHS[1]);
        assert_eq!(lines_of(&no_machine_in_the_tree(&Tree::of(&[("README.md", &text)]))), [1, 3, 4]);
        for address in REGISTRIES {
            let text = format!("registry=https://{address}/");
            assert_eq!(lines_of(&no_machine_in_the_tree(&Tree::of(&[("docs/a.txt", &text)]))), [1]);
            assert_eq!(no_machine_in_the_tree(&Tree::of(&[("ui/package-lock.json", &text)])), []);
        }
        assert_eq!(lines_of(&no_machine_in_the_tree(&Tree::of(&[("ui/.npmrc", "a=b\nregistry=http://mirror/")]))), [2]);
    }

    #[test]
    fn lock_files_name_no_place() {
        let npm = "  \"a\": {\n    \"resolved\": \"https://somewhere/a.tgz\",\n    \"resolved\": \"packages/a\"";
        assert_eq!(lines_of(&lock_files_without_addresses(&Tree::of(&[("ui/package-lock.json", npm)]))), [2]);
        let cargo = "source = \"registry+default/crates.io-index\"\nsource = \"git+https://x/y\"";
        assert_eq!(lines_of(&lock_files_without_addresses(&Tree::of(&[("Cargo.lock", cargo)]))), [2]);
    }
}
