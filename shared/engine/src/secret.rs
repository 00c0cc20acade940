//! Secret files: mode 0600 from the first byte, written whole or not at all.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use zeroize::Zeroizing;

/// What to do about a data directory that is open to others.
const OPEN: &str = "others can look into it: run `chmod 700` on it first, or choose another one";

/// Makes the data directory, and those above it, with mode 0700 for the directory itself.
///
/// # Errors
///
/// As [`check_data_directory`] for one that is there; what the system says.
pub fn make_data_directory(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {
            check_data_directory(path)
        }
        made => made,
    }
}

/// Refuses a data directory into which others can look.
///
/// # Errors
///
/// `PermissionDenied` with what to do; what the system says.
pub fn check_data_directory(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.permissions().mode() & 0o077 == 0 {
        Ok(())
    } else {
        Err(io::Error::new(io::ErrorKind::PermissionDenied, OPEN))
    }
}

/// Writes a secret durably: a new file of mode 0600, synced, renamed over the old one.
///
/// # Errors
///
/// What the system says; then the old file, if any, is untouched.
pub fn write(path: &Path, secret: &[u8]) -> io::Result<()> {
    let directory = match path.parent().ok_or(io::ErrorKind::InvalidInput)? {
        here if here.as_os_str().is_empty() => Path::new("."),
        directory => directory,
    };
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(".new");
    let draft = directory.join(name);
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(secret)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    File::open(directory)?.sync_all()
}

/// Reads a secret of at most `bytes_max` bytes; wiped when dropped.
///
/// # Errors
///
/// What the system says; `InvalidData` for a larger file.
pub fn read(path: &Path, bytes_max: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let secret = Zeroizing::new(fs::read(path)?);
    if secret.len() > bytes_max { Err(io::ErrorKind::InvalidData.into()) } else { Ok(secret) }
}

/// Fills an array with chance from the system.
///
/// # Errors
///
/// When the system has none to give, which stops whatever needed it.
pub fn chance<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_others_can_look_into_is_refused_and_left_as_it_is() {
        let data = tempfile::tempdir().unwrap();
        let mode = |mode| fs::set_permissions(data.path(), fs::Permissions::from_mode(mode));
        mode(0o700).unwrap();
        make_data_directory(data.path()).unwrap();
        for open in [0o755, 0o750, 0o701] {
            mode(open).unwrap();
            let refused = make_data_directory(data.path()).unwrap_err();
            assert!(refused.to_string().contains("chmod 700"), "{refused}");
            assert_eq!(fs::metadata(data.path()).unwrap().permissions().mode() & 0o777, open);
        }
        let new = data.path().join("above/new");
        make_data_directory(&new).unwrap();
        assert_eq!(fs::metadata(&new).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_secret_is_readable_by_its_owner_alone_and_replaced_whole() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join("node.key");
        write(&path, b"first").unwrap();
        write(&path, b"second").unwrap();
        assert_eq!(read(&path, 16).unwrap().as_slice(), b"second");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(read(&path, 3).is_err());
        assert_ne!(chance::<16>().unwrap(), chance::<16>().unwrap());
    }
}
