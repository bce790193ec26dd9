use std::{
    fs,
    panic::catch_unwind,
    path::{Path, PathBuf},
};

use super::*;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz")
        .join(name)
}

/// The files of a folder; none where there is no such folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn every_input_that_is_kept_holds() {
    let mut failed = Vec::new();
    for (name, target) in TARGETS {
        let corpus = files(&folder("corpus").join(name));
        assert!(corpus.len() >= 5, "{name} has next to no corpus");

        let regressions = files(&folder("regressions").join(name));
        for file in corpus.into_iter().chain(regressions) {
            let input = fs::read(&file).unwrap();
            if catch_unwind(|| target(&input)).is_err() {
                failed.push(file);
            }
        }
    }
    assert_eq!(failed, [] as [PathBuf; 0]);
}

#[test]
fn every_target_is_built_and_every_folder_is_of_a_target() {
    let manifest = fs::read_to_string(folder("Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        let source = folder("fuzz_targets").join(name).with_extension("rs");
        let source = fs::read_to_string(source).unwrap();
        assert!(source.contains(&format!("fuzzing::{name}(")), "{name}");
    }

    for folder in ["corpus", "regressions"].map(folder) {
        for inner in files(&folder) {
            let name = inner.file_name().unwrap().to_string_lossy();
            assert!(
                TARGETS.iter().any(|(target, _)| *target == name),
                "{inner:?}"
            );
        }
    }
}
