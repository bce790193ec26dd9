//! `orderwatch completions` and `orderwatch man`: made from the command tree, so that they never say
//! something else than the program does.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::{Args, Command};
use clap_complete::Shell;

use super::out;

pub(super) const COMPLETIONS: &str = "\
Examples:
  orderwatch completions bash | sudo tee /usr/share/bash-completion/completions/orderwatch >/dev/null
  orderwatch completions zsh > ~/.zfunc/_orderwatch
  orderwatch completions fish > ~/.config/fish/completions/orderwatch.fish";

pub(super) const MAN: &str = "\
Examples:
  orderwatch man | man -l -                        read it here
  orderwatch man --dir /usr/local/share/man/man1   one page for each command";

#[derive(Args, Debug)]
pub(super) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Args, Debug)]
pub(super) struct Man {
    /// Write a page for every command into this folder, which must exist.
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

pub(super) fn completions(options: &Completions) -> anyhow::Result<ExitCode> {
    let mut tree = super::Cli::tree();
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut tree, "orderwatch", &mut script);
    // As bytes: a shell reads it, and nothing in it may be taken for a colour.
    out::bytes(&script)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn man(options: &Man) -> anyhow::Result<ExitCode> {
    let mut tree = super::Cli::tree();
    // Passes the global options on to every command and gives each its full name.
    tree.build();
    match &options.dir {
        None => out::bytes(&page(&tree)?)?,
        Some(folder) => {
            let pages = write_pages(&tree, folder)?;
            out::line(format_args!("{pages} pages in {}", folder.display()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn page(command: &Command) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    Ok(text)
}

/// A page for each command below this one, and for itself. Returns how many.
fn write_pages(command: &Command, folder: &Path) -> anyhow::Result<usize> {
    let name = command
        .get_display_name()
        .unwrap_or_else(|| command.get_name());
    let path = folder.join(format!("{name}.1"));
    let failed = || format!("{} cannot be written", path.display());
    let mut file = std::fs::File::create(&path).with_context(failed)?;
    file.write_all(&page(command)?).with_context(failed)?;

    let mut pages = 1;
    for sub in command.get_subcommands() {
        // clap's own command, which only repeats the others.
        if sub.get_name() != "help" {
            pages += write_pages(sub, folder)?;
        }
    }

    Ok(pages)
}
