//! What the rules look at: the repository's files as text, Rust and UI sources also with their comments taken out, the
//! graph of crates, and the first version of each migration. Everything is read once; rules get it as plain values, so
//! that a test can hand them a tree of two lines.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::Complaint;
use super::arrows::Graph;
use super::history::Migration;

#[derive(Default)]
pub struct Tree {
    pub files: Vec<File>,
    pub graph: Graph,
    pub migrations: Vec<Migration>,
}

pub struct File {
    /// From the repository's root, with forward slashes.
    pub path: String,
    pub text: String,
    /// Comments blanked, line by line in place. The text itself for anything that is neither Rust nor UI.
    pub code: String,
    /// Comments and string contents blanked (Rust only).
    pub bare: String,
}

impl Tree {
    pub fn read(root: &Path) -> Result<Tree> {
        let mut files = Vec::new();
        for path in list(root) {
            // Pictures and fonts aren't text, and a deleted file is still listed by git: neither has anything to read.
            if let Ok(text) = fs::read_to_string(root.join(&path)) {
                files.push(File::new(path, text));
            }
        }
        let graph = Graph::read(root).context("Reading the graph of crates")?;
        let migrations = super::history::read(root)?;
        Ok(Tree { files, graph, migrations })
    }

    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Tree {
        let files = files.iter().map(|(path, text)| File::new((*path).to_owned(), (*text).to_owned())).collect();
        Tree { files, ..Tree::default() }
    }

    pub fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(move |file| file.path.starts_with(folder))
    }
}

impl File {
    fn new(path: String, text: String) -> File {
        let (code, bare) = match extension(&path) {
            "rs" => (blank_rust(&text, false), blank_rust(&text, true)),
            "ts" | "js" | "mjs" | "svelte" | "css" | "html" => (blank_script(&text), String::new()),
            _ => (text.clone(), String::new()),
        };
        File { path, text, code, bare }
    }

    pub fn extension(&self) -> &str {
        extension(&self.path)
    }

    pub fn complain(&self, line: usize, text: impl Into<String>) -> Complaint {
        Complaint { path: self.path.clone(), line, text: text.into() }
    }
}

fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// Lines with their numbers as people count them.
pub fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

/// Where `word` stands as a whole word; `_` belongs to words.
pub fn word_at(line: &str, word: &str) -> Option<usize> {
    let is_part = |char: char| char.is_alphanumeric() || char == '_';
    line.match_indices(word).map(|(at, _)| at).find(|at| {
        let free_before = !line[..*at].chars().next_back().is_some_and(is_part);
        let free_after = !line[*at + word.len()..].chars().next().is_some_and(is_part);
        let opens_as_word = word.chars().next().is_some_and(is_part);
        let closes_as_word = word.chars().next_back().is_some_and(is_part);
        (free_before || !opens_as_word) && (free_after || !closes_as_word)
    })
}

/// Tracked files and new ones that aren't ignored; the plain folder where there is no git (an unpacked archive).
fn list(root: &Path) -> BTreeSet<String> {
    match git(root, &["ls-files", "-co", "--exclude-standard", "-z"]) {
        Some(listing) => listing.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect(),
        None => {
            let mut found = BTreeSet::new();
            walk(root, "", &mut found);
            found
        }
    }
}

fn walk(root: &Path, folder: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        if [".git", "target", "node_modules", "dist"].contains(&name.as_str()) {
            continue;
        }
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(root, &path, found),
            Ok(kind) if kind.is_file() => drop(found.insert(path)),
            _ => {}
        }
    }
}

pub fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Rust without comments (and, if asked, without the contents of its strings), every remaining character in its place.
fn blank_rust(text: &str, strings_too: bool) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let starts = |at: usize, what: &str| what.chars().enumerate().all(|(i, char)| chars.get(at + i) == Some(&char));
    let blank = |out: &mut String, from: usize, to: usize| {
        chars[from..to.min(chars.len())].iter().for_each(|char| out.push(if *char == '\n' { '\n' } else { ' ' }));
    };
    let mut at = 0;
    while at < chars.len() {
        let part_of_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
        let end = if starts(at, "//") {
            chars[at..].iter().position(|char| *char == '\n').map_or(chars.len(), |n| at + n)
        } else if starts(at, "/*") {
            let (mut depth, mut end) = (1, at + 2);
            while depth > 0 && end < chars.len() {
                let step = if starts(end, "/*") {
                    1
                } else if starts(end, "*/") {
                    -1
                } else {
                    0
                };
                depth += step;
                end += if step == 0 { 1 } else { 2 };
            }
            end
        } else if let Some(end) = string_end(&chars, at).filter(|_| !part_of_word || chars[at] == '"') {
            if strings_too {
                blank(&mut out, at, end);
            } else {
                out.extend(&chars[at..end]);
            }
            at = end;
            continue;
        } else {
            out.push(chars[at]);
            at += 1;
            continue;
        };
        blank(&mut out, at, end);
        at = end;
    }
    out
}

/// The end of the string or character that opens here, if one does.
fn string_end(chars: &[char], start: usize) -> Option<usize> {
    let mut at = start;
    if matches!(chars[at], 'b' | 'c') {
        at += 1;
    }
    if chars.get(at) == Some(&'r') {
        let hashes = chars[at + 1..].iter().take_while(|char| **char == '#').count();
        let open = at + 1 + hashes;
        if chars.get(open) != Some(&'"') {
            return None;
        }
        let closes = |end: usize| {
            chars[end] == '"' && chars[end + 1..].iter().take_while(|char| **char == '#').count() >= hashes
        };
        let close = (open + 1..chars.len()).find(|end| closes(*end));
        return Some(close.map_or(chars.len(), |end| end + 1 + hashes));
    }
    let quote = *chars.get(at)?;
    // 'a' and '\n' are characters; 'a without a closing quote is a lifetime.
    let character = quote == '\'' && (chars.get(at + 1) == Some(&'\\') || chars.get(at + 2) == Some(&'\''));
    if quote != '"' && !character {
        return None;
    }
    let mut end = at + 1;
    while end < chars.len() && chars[end] != quote {
        end += if chars[end] == '\\' { 2 } else { 1 };
    }
    Some((end + 1).min(chars.len()))
}

/// TypeScript, Svelte, CSS and HTML without comments. A quote never reaches past its line, because in markup it may be
/// an apostrophe.
fn blank_script(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut closing: Option<&str> = None;
    for line in text.split_inclusive('\n') {
        let mut quote: Option<char> = None;
        let mut rest = line;
        while let Some(char) = rest.chars().next() {
            let mut take = char.len_utf8();
            if let Some(close) = closing {
                if rest.starts_with(close) {
                    take = close.len();
                    closing = None;
                }
                rest[..take].chars().for_each(|char| out.push(if char == '\n' { '\n' } else { ' ' }));
            } else if let Some(open) = quote {
                if char == '\\' {
                    take += rest[take..].chars().next().map_or(0, char::len_utf8);
                } else if char == open {
                    quote = None;
                }
                out += &rest[..take];
            } else if rest.starts_with("//") && !out.ends_with(':') {
                take = rest.trim_end_matches('\n').len();
                out += &" ".repeat(take);
            } else if rest.starts_with("/*") || rest.starts_with("<!--") {
                closing = Some(if char == '/' { "*/" } else { "-->" });
                take = if char == '/' { 2 } else { 4 };
                out += &" ".repeat(take);
            } else {
                quote = ['"', '\'', '`'].contains(&char).then_some(char);
                out.push(char);
            }
            rest = &rest[take..];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squeezed(text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn rust_comments_go_and_strings_stay_or_go() {
        let text =
            "a(\"// no\"); // yes\n/* one /* two */ */ b('\"', r#\"/* \" */\"#); fn f<'a>(x: &'a str) {} /// end";
        assert_eq!(
            squeezed(&blank_rust(text, false)),
            "a(\"// no\"); b('\"', r#\"/* \" */\"#); fn f<'a>(x: &'a str) {}"
        );
        assert_eq!(squeezed(&blank_rust(text, true)), "a( ); b( , ); fn f<'a>(x: &'a str) {}");
        assert_eq!(blank_rust(text, true).lines().count(), 2);
    }

    #[test]
    fn names_that_end_in_r_are_not_raw_strings() {
        assert_eq!(
            squeezed(&blank_rust("for x in bar# { r#type } b'x' \"\\\"//\" // c", true)),
            "for x in bar# { r#type }"
        );
    }

    #[test]
    fn script_comments_go_and_addresses_stay() {
        let text =
            "const a = 'x//y'; // gone\n<p>Don't</p> <!-- gone\ngone --> glob(\"./**/*.ts\"); /* gone */ http://x";
        assert_eq!(
            squeezed(&blank_script(text)),
            "const a = 'x//y'; <p>Don't</p> <!-- gone gone --> glob(\"./**/*.ts\"); http://x"
        );
    }

    #[test]
    fn words_are_whole() {
        assert_eq!(word_at("revisit the visit", "visit"), Some(12));
        assert_eq!(word_at("open_visit visited", "visit"), None);
        assert_eq!(word_at("x.vec!(y)", "vec!"), Some(2));
    }
}
