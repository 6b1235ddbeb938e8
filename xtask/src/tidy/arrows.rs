//! Who may know whom. The arrows between Loket's own crates, the libraries that some crates must not even reach through
//! others, and the one table that versions come from. Read from cargo metadata and the manifests, never from sources.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use anyhow::Result;
use cargo_metadata::{DependencyKind, MetadataCommand};

use super::Complaint;
use super::tree::{File, Tree, lines};

/// All arrows between our crates that are allowed, tests and build scripts included.
const ARROWS: &[(&str, &[&str])] = &[
    ("loket-core", &[]),
    ("loket-seal", &[]),
    ("loket-decode", &[]),
    ("loket-desk", &["loket-core", "loket-seal", "loket-decode"]),
    ("loket-server", &["loket-core", "loket-seal", "loket-decode"]),
    ("loket", &["loket-desk", "loket-seal", "loket-decode"]),
    ("loket-tests", &["loket-core", "loket-seal", "loket-decode", "loket-desk", "loket-server"]),
    ("loket-sim", &["loket-core", "loket-desk", "loket-server", "loket-tests"]),
    ("xtask", &[]),
];

/// Libraries that a crate must not reach, however many crates lie between. A name covers its family: `tokio-util` too.
const OUT_OF_REACH: &[(&str, &[&str])] = &[
    ("loket-core", &["tokio", "sqlx", "reqwest", "axum", "tauri", "printpdf", "rand", "anyhow"]),
    ("loket-desk", &["tauri", "loket-server"]),
    ("loket-server", &["loket-desk", "tauri", "printpdf"]),
    ("loket", &["loket-server"]),
];

/// Arrows that have to be there for the map to be true.
const EXPECTED: &[(&str, &str)] =
    &[("loket", "loket-desk"), ("loket-desk", "loket-core"), ("loket-server", "loket-core")];

#[derive(Default)]
pub struct Graph {
    /// Crate name and manifest of each member.
    members: Vec<(String, String)>,
    /// By package id: name, and its normal and build dependencies.
    packages: BTreeMap<String, (String, Vec<String>)>,
    /// Member to crate name, of every kind.
    declared: Vec<(String, String)>,
}

impl Graph {
    pub fn read(root: &Path) -> Result<Graph> {
        let meta = MetadataCommand::new().manifest_path(root.join("Cargo.toml")).exec()?;
        let mut graph = Graph::default();
        for package in meta.workspace_packages() {
            let manifest = package.manifest_path.strip_prefix(&meta.workspace_root).unwrap_or(&package.manifest_path);
            graph.members.push((package.name.to_string(), manifest.as_str().replace('\\', "/")));
            for dependency in &package.dependencies {
                graph.declared.push((package.name.to_string(), dependency.name.clone()));
            }
        }
        let names: BTreeMap<_, _> =
            meta.packages.iter().map(|package| (&package.id, package.name.to_string())).collect();
        for node in meta.resolve.iter().flat_map(|resolve| &resolve.nodes) {
            let shipped = node
                .deps
                .iter()
                .filter(|dependency| dependency.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development));
            let next = shipped.map(|dependency| dependency.pkg.repr.clone()).collect();
            graph.packages.insert(node.id.repr.clone(), (names[&node.id].clone(), next));
        }
        Ok(graph)
    }

    #[cfg(test)]
    fn of(edges: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::default();
        for (from, to) in edges {
            for name in [from, to] {
                graph.packages.entry((*name).to_owned()).or_insert_with(|| ((*name).to_owned(), Vec::new()));
                let known = graph.members.iter().any(|(member, _)| member == name);
                if !known && ARROWS.iter().any(|(member, _)| member == name) {
                    graph.members.push(((*name).to_owned(), format!("{name}/Cargo.toml")));
                }
            }
            let (_, next) = graph.packages.get_mut(*from).expect("entered above");
            next.push((*to).to_owned());
            graph.declared.push(((*from).to_owned(), (*to).to_owned()));
        }
        graph
    }

    fn manifest(&self, member: &str) -> Option<&str> {
        self.members.iter().find(|(name, _)| name == member).map(|(_, manifest)| manifest.as_str())
    }

    /// The shortest way from a member to any crate of that family.
    fn way(&self, member: &str, family: &str) -> Option<Vec<String>> {
        let (start, _) = self.packages.iter().find(|(_, (name, _))| name == member)?;
        let mut queue = VecDeque::from([vec![start]]);
        let mut seen = BTreeSet::from([start]);
        while let Some(way) = queue.pop_front() {
            let (_, next) = self.packages.get(*way.last()?)?;
            for id in next.iter().filter(|id| self.packages.contains_key(*id)) {
                let name = &self.packages[id].0;
                let longer = [way.as_slice(), &[id]].concat();
                if name == family || name.strip_prefix(family).is_some_and(|rest| rest.starts_with('-')) {
                    return Some(longer.into_iter().map(|id| self.packages[id].0.clone()).collect());
                }
                if seen.insert(id) {
                    queue.push_back(longer);
                }
            }
        }
        None
    }
}

pub fn arrows(tree: &Tree) -> Vec<Complaint> {
    let graph = &tree.graph;
    let mut complaints = Vec::new();
    let complain = |member: &str, dependency: &str, text: String| {
        let path = graph.manifest(member).unwrap_or("Cargo.toml").to_owned();
        let manifest = tree.files.iter().find(|file| file.path == path);
        let line = manifest.and_then(|file| lines(&file.text).find(|(_, line)| key(line) == Some(dependency)));
        Complaint { path, line: line.map_or(1, |(line, _)| line), text }
    };
    let own = |name: &str| graph.manifest(name).is_some();
    for (member, dependency) in graph.declared.iter().filter(|(_, dependency)| own(dependency)) {
        match ARROWS.iter().find(|(name, _)| name == member) {
            None => complaints.push(complain(
                member,
                dependency,
                format!("{member} is a new crate: draw its arrows in ARCHITECTURE.md and in xtask/src/tidy/arrows.rs"),
            )),
            Some((_, allowed)) if !allowed.contains(&dependency.as_str()) => {
                complaints.push(complain(member, dependency, format!("{member} must not depend on {dependency}")));
            }
            Some(_) => {}
        }
    }
    for (member, families) in OUT_OF_REACH {
        for family in *families {
            if let Some(way) = graph.way(member, family) {
                complaints.push(complain(
                    member,
                    &way[1],
                    format!("{member} must not reach {family}: {}", way.join(" -> ")),
                ));
            }
        }
    }
    for (member, dependency) in EXPECTED {
        let there = graph.declared.iter().any(|(from, to)| from == member && to == dependency);
        if own(member) && !there {
            complaints.push(complain(member, dependency, format!("{member} is expected to depend on {dependency}")));
        }
    }
    complaints
}

/// Versions are written once, in the workspace's table; a member names the crate and adds features.
pub fn one_dependency_table(tree: &Tree) -> Vec<Complaint> {
    let members = tree.files.iter().filter(|file| file.path.ends_with("/Cargo.toml"));
    members.flat_map(versions_of_its_own).collect()
}

fn versions_of_its_own(file: &File) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let mut complain = |line, name: &str| {
        complaints.push(file.complain(
            line,
            format!("`{name}` must say `workspace = true`; its version belongs in the root Cargo.toml"),
        ));
    };
    let mut section = String::new();
    // A `[dependencies.NAME]` table whose `workspace = true` has not come yet.
    let mut open: Option<(usize, String)> = None;
    let mut numbered = lines(&file.text);
    while let Some((number, line)) = numbered.next() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.starts_with('[') {
            if let Some((number, name)) = open.take() {
                complain(number, &name);
            }
            section = line.trim_matches(['[', ']']).trim().to_owned();
            let (table, name) = section.rsplit_once('.').unwrap_or(("", &section));
            open = is_dependency_table(table).then(|| (number, name.to_owned()));
            continue;
        }
        if open.is_some() {
            if says_workspace(line) {
                open = None;
            }
            continue;
        }
        let (true, Some(name)) = (is_dependency_table(&section), key(line)) else { continue };
        let mut entry = line.to_owned();
        while entry.matches(['[', '{']).count() > entry.matches([']', '}']).count() {
            let Some((_, more)) = numbered.next() else { break };
            entry += more;
        }
        if !says_workspace(&entry) {
            complain(number, name);
        }
    }
    if let Some((number, name)) = open {
        complain(number, &name);
    }
    complaints
}

fn is_dependency_table(section: &str) -> bool {
    let last = section.rsplit('.').next().unwrap_or_default();
    ["dependencies", "dev-dependencies", "build-dependencies"].contains(&last)
}

fn says_workspace(entry: &str) -> bool {
    entry.replace(' ', "").contains("workspace=true")
}

/// The crate name that opens a line of a manifest: `serde` of `serde.workspace = true` and of `serde = { .. }`.
fn key(line: &str) -> Option<&str> {
    let (key, _) = line.split_once('=')?;
    let key = key.trim().trim_end_matches(".workspace").trim_matches('"');
    (!key.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(edges: &[(&str, &str)]) -> Vec<String> {
        let tree = Tree { graph: Graph::of(edges), ..Tree::default() };
        arrows(&tree).into_iter().map(|complaint| complaint.text).collect()
    }

    #[test]
    fn the_map_as_drawn_is_quiet() {
        let edges = [
            ("loket-core", "serde"),
            ("loket-desk", "loket-core"),
            ("loket-desk", "loket-seal"),
            ("loket-desk", "tokio"),
            ("loket-server", "loket-core"),
            ("loket", "loket-desk"),
            ("loket", "tauri"),
            ("loket-tests", "loket-server"),
            ("xtask", "anyhow"),
        ];
        assert_eq!(texts(&edges), Vec::<String>::new());
    }

    #[test]
    fn the_core_may_not_reach_a_runtime_through_a_friend() {
        let edges = [("loket-core", "friend"), ("friend", "tokio-util"), ("loket-core", "randomize")];
        assert_eq!(texts(&edges), ["loket-core must not reach tokio: loket-core -> friend -> tokio-util"]);
    }

    #[test]
    fn every_forbidden_library_is_noticed() {
        for (member, families) in OUT_OF_REACH {
            for family in *families {
                let noticed = texts(&[(member, "between"), ("between", family)]);
                assert!(
                    noticed.iter().any(|text| text.contains(&format!("must not reach {family}"))),
                    "{member} {family}"
                );
            }
        }
    }

    #[test]
    fn crates_that_stand_alone_stay_alone() {
        for edge in [
            ("xtask", "loket-core"),
            ("loket-seal", "loket-core"),
            ("loket-decode", "loket-seal"),
            ("loket-core", "loket-seal"),
        ] {
            assert_eq!(texts(&[edge]).len(), 1, "{edge:?}");
        }
        assert!(texts(&[("loket", "loket-server")]).contains(&"loket must not depend on loket-server".to_owned()));
        assert_eq!(texts(&[("loket", "tauri")]), ["loket is expected to depend on loket-desk"]);
    }

    #[test]
    fn a_complaint_points_at_the_line_of_the_manifest() {
        let mut tree =
            Tree::of(&[("loket-core/Cargo.toml", "[package]\n\n[dependencies]\nanyhow = { workspace = true }\n")]);
        tree.graph = Graph::of(&[("loket-core", "anyhow")]);
        assert_eq!(arrows(&tree)[0].line, 4);
    }

    #[test]
    fn a_version_in_a_member_is_noticed_in_every_spelling() {
        let bad = "[dependencies]\na = \"1\"\nb = { workspace = true, features = [\n  \"x\",\n] }\nc.workspace = true\n\
                   d = { path = \"../d\" } # workspace = true\n[target.\"cfg(unix)\".dependencies]\ne = { version = \"1\" }\n\
                   [dev-dependencies.f]\nversion = \"1\"\n[build-dependencies.g]\nworkspace = true\n[features]\nh = [\"a\"]\n";
        let tree = Tree::of(&[("crates/x/Cargo.toml", bad), ("Cargo.toml", "[workspace.dependencies]\na = \"1\"\n")]);
        let found: Vec<_> = one_dependency_table(&tree).into_iter().map(|it| (it.line, it.text)).collect();
        let names: Vec<_> = found.iter().map(|(line, text)| (*line, text.split('`').nth(1).expect("a name"))).collect();
        assert_eq!(names, [(2, "a"), (7, "d"), (9, "e"), (10, "f")]);
    }
}
