//! The device: its configuration space and its options.

use super::*;
use crate::dev::virtio::VirtioDevice;
use crate::dev::virtio::p9::{P9, ShareSpec, ShareSpecError};

fn spec(text: &str) -> Result<ShareSpec, ShareSpecError> {
    text.parse()
}

#[test]
fn a_share_is_a_folder_and_options() {
    let plain = spec("some/folder").unwrap();
    assert_eq!(plain.folder.to_str(), Some("some/folder"));
    assert_eq!((plain.read_only, &plain.tag[..]), (false, "share"));
    let full = spec("/f,tag=work,ro").unwrap();
    assert_eq!((full.read_only, &full.tag[..]), (true, "work"));
    let comma = spec("a,,b,ro").unwrap();
    assert_eq!(
        (comma.folder.to_str(), comma.read_only),
        (Some("a,b"), true)
    );
    assert_eq!(spec(""), Err(ShareSpecError::NoFolder));
    assert_eq!(spec(",ro"), Err(ShareSpecError::NoFolder));
    assert_eq!(spec("f,rw"), Err(ShareSpecError::Unknown("rw".into())));
    assert_eq!(spec("f,"), Err(ShareSpecError::Unknown("".into())));
    assert_eq!(spec("f,ro,ro"), Err(ShareSpecError::Twice("ro")));
    assert_eq!(spec("f,tag=a,tag=b"), Err(ShareSpecError::Twice("tag")));
    for bad in ["", "a b", "a\n", &"t".repeat(256)] {
        assert_eq!(
            spec(&format!("f,tag={bad}")),
            Err(ShareSpecError::Tag(bad.into()))
        );
    }
}

#[test]
fn a_folder_that_is_none_is_named() {
    let folders = Folders::new();
    fs::write(folders.share("file"), "").unwrap();
    for (name, reason) in [("missing", "No such file"), ("file", "Not a directory")] {
        let folder = folders.share(name);
        let spec = ShareSpec {
            folder: folder.clone(),
            read_only: false,
            tag: "share".into(),
        };
        let error = P9::new(&spec).err().unwrap().to_string();
        assert!(error.contains(folder.to_str().unwrap()), "{error}");
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn the_configuration_space_has_the_tag() {
    let folders = Folders::new();
    let mut spec = spec("x,tag=work").unwrap();
    spec.folder = folders.share("");
    let device = P9::new(&spec).unwrap();
    assert_eq!((device.id(), device.features()), (9, 1));
    assert_eq!(device.queue_sizes(), [128]);
    let mut bytes = [0xff; 8];
    device.read_config(0, &mut bytes);
    assert_eq!(bytes, *b"\x04\0work\0\0");
}
