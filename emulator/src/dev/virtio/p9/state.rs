//! The state of a session, so that it can be taken and put back.

use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::fids::{Fid, Open};
use super::folder::errno;
use super::path::SharePath;
use super::server::{P9Server, identity};
use super::session::{MSIZE_MAX, MSIZE_MIN};

/// The state of a session: what the client has agreed to, and its fids. The files themselves are
/// the host's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct P9State {
    msize: Option<u32>,
    fids: Vec<FidState>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FidState {
    number: u32,
    path: Option<SharePath>,
    id: (u64, u64),
    user: u32,
    open: Option<u32>,
}

impl P9Server {
    /// The session's state.
    pub fn state(&self) -> P9State {
        let fids = self.fids.iter().map(|(number, fid)| FidState {
            number,
            path: fid.path.clone(),
            id: fid.id,
            user: fid.user,
            open: self.fids.open(number).map(|open| open.flags),
        });
        let mut fids: Vec<_> = fids.collect();
        fids.sort_by_key(|fid| fid.number);
        let msize = self.msize;
        P9State { msize, fids }
    }

    /// Takes a state back. Fids whose files are gone stay, and give errors; files that were
    /// removed while open are lost.
    pub fn set_state(&mut self, state: P9State) {
        self.reset();
        self.msize = state.msize.map(|msize| msize.clamp(MSIZE_MIN, MSIZE_MAX));
        for fid in state.fids {
            let number = fid.number;
            let wanted = fid.open;
            let path = fid.path.filter(SharePath::is_valid);
            let id = fid.id;
            let user = fid.user;
            if self.fids.insert(number, Fid { path, id, user }).is_err() {
                continue;
            }
            if let Some(flags) = wanted
                && let Ok(open) = self.open_again(number, flags)
            {
                self.fids.set_open(number, open);
            }
        }
    }

    fn open_again(&self, number: u32, flags: u32) -> Result<Open, Errno> {
        let fid = self.fids.get(number)?;
        self.fids.may_open(number)?;
        let file = self.folder.find(fid.path()?)?;
        let id = identity(&file.metadata().map_err(errno)?);
        if id != fid.id {
            return Err(Errno::STALE);
        }
        let file = self.folder.open(&file, self.open_flags(flags)?)?;
        Ok(Open { id, file, flags })
    }
}
