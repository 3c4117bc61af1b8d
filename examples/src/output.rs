//! The folder for results.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tensorlet::Module;
use tensorlet_host::{file, weights};

use crate::error::Error;

/// A folder that files can be written into, made with the first of them.
#[derive(Clone, Debug)]
pub struct Output {
    folder: PathBuf,
}

impl Output {
    /// Makes sure, before any work is done, that these files can be written into the folder. Leaves
    /// nothing behind.
    ///
    /// # Errors
    /// [`Error::Folder`] if not.
    pub fn new(folder: &Path, files: &[&str]) -> Result<Self, Error> {
        let output = Self { folder: folder.to_owned() };
        output.check(files).map_err(|source| output.error(source))?;
        Ok(output)
    }

    fn check(&self, files: &[&str]) -> io::Result<()> {
        if let Some(name) = files.iter().find(|name| self.folder.join(name).is_dir()) {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, format!("{name} is a folder")));
        }
        // Where the folder has yet to be made, what counts is where it will be.
        let there = self.folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
        if !there.is_dir() {
            return Err(io::Error::new(io::ErrorKind::NotADirectory, format!("{} is a file", there.display())));
        }
        tempfile::tempfile_in(there).map(drop)
    }

    /// Writes the weights of a network as safetensors and returns the file's path.
    ///
    /// # Errors
    /// [`Error::Weights`] or [`Error::Folder`]; there is then no new file.
    pub fn weights<M: Module>(&self, name: &str, network: &M) -> Result<PathBuf, Error> {
        let path = self.make(name)?;
        weights::save(network, &path)?;
        Ok(path)
    }

    /// Writes a text and returns the file's path.
    ///
    /// # Errors
    /// [`Error::Write`] or [`Error::Folder`]; there is then no new file.
    pub fn text(&self, name: &str, text: &str) -> Result<PathBuf, Error> {
        let path = self.make(name)?;
        match file::replace(&path, text.as_bytes()) {
            Ok(()) => Ok(path),
            Err(source) => Err(Error::Write { path, source }),
        }
    }

    fn make(&self, name: &str) -> Result<PathBuf, Error> {
        fs::create_dir_all(&self.folder).map_err(|source| self.error(source))?;
        Ok(self.folder.join(name))
    }

    fn error(&self, source: io::Error) -> Error {
        Error::Folder { folder: self.folder.clone(), source }
    }
}
