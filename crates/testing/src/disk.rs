//! A small disk, which a test may fill.

#![expect(
    clippy::missing_panics_doc,
    reason = "every one of them is for tests, and panics where the test is to fail"
)]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::held::Held;
use crate::not_run::say_not_run;

/// `$1` where it is to be, `$2` how large, `$3` whose. It is there until the end of the
/// shell's input, which is the end of the test, whatever way.
const HOLD: &str = r#"
mount -t tmpfs -o "size=$2,mode=0700,$3" aval-test "$1" || exit 1
trap 'umount -l "$1"; rmdir "$1"' EXIT
echo done
while read -r word; do :; done
"#;

/// A disk of memory, mounted in a folder of its own. It is gone when this is dropped.
#[derive(Debug)]
pub struct SmallDisk {
    shell: Child,
    held_by: Option<ChildStdin>,
    folder: PathBuf,
}

impl SmallDisk {
    /// Of so many mebibytes, for this account (user and group) if not for this process'.
    /// `None` where nothing may be mounted: then it says that `test` did not run.
    #[must_use]
    pub fn mount(test: &str, mebibytes: u32, account: Option<(u32, u32)>) -> Option<Self> {
        let folder = Held::folder("disk", None);
        let owner = account.map_or(String::new(), |(user, group)| {
            format!("uid={user},gid={group}")
        });
        let mut shell = Command::new("sh")
            .args(["-c", HOLD, "sh"])
            .arg(&folder)
            .args([&format!("{mebibytes}m"), &owner])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("there is a shell");
        let held_by = shell.stdin.take();
        let mut answer = String::new();
        let output = shell.stdout.take().expect("the shell's output is piped");
        let read = BufReader::new(output).read_line(&mut answer);
        read.expect("the shell's output is text");
        if answer != "done\n" {
            let _ = shell.wait();
            let _ = fs::remove_dir(&folder);
            say_not_run(test, "nothing may be mounted here");
            return None;
        }
        Some(Self {
            shell,
            held_by,
            folder,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Fills it to the last byte.
    pub fn fill(&self) {
        let mut ballast = File::create(self.ballast()).expect("there is room for a name");
        let mut piece = vec![0; 1 << 16];
        while !piece.is_empty() {
            match ballast.write(&piece) {
                Ok(_) => {}
                // A smaller piece may still have room.
                Err(error) if error.kind() == ErrorKind::StorageFull => {
                    piece.truncate(piece.len() / 2);
                }
                Err(error) => panic!("the disk is not filled: {error}"),
            }
        }
    }

    /// Makes room again.
    pub fn make_room(&self) {
        fs::remove_file(self.ballast()).expect("what fills it is there");
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(self.held_by.take());
        // It ends by itself; nobody could do anything about it here.
        let _ = self.shell.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_full_takes_nothing_until_there_is_room() {
        let Some(disk) = SmallDisk::mount("a_disk_that_is_full", 1, None) else {
            return;
        };
        let write = |name| fs::write(disk.path().join(name), [7; 4096]);
        write("before").unwrap();
        disk.fill();
        assert_eq!(write("full").unwrap_err().kind(), ErrorKind::StorageFull);
        disk.make_room();
        write("after").unwrap();
        let folder = disk.path().to_owned();
        drop(disk);
        assert!(!folder.exists());
    }
}
