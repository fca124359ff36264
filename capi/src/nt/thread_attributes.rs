//! `PS_ATTRIBUTE_LIST` and `CLIENT_ID`: what else a creation of a thread tells.

use crate::memory::{In, Out, Place, Plain, plain};
use core::ffi::c_void;
use core::mem::MaybeUninit;
use nt::{ClientId, NtStatus};

/// `CLIENT_ID` in the caller's memory.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct ClientIdPair {
    process: u64,
    thread: u64,
}

impl ClientIdPair {
    /// Ids have 32 bits.
    pub(super) fn decode(self) -> Result<ClientId, NtStatus> {
        let id = |id| u32::try_from(id).map_err(|_| NtStatus::INVALID_CID);
        Ok(ClientId { process: id(self.process)?, thread: id(self.thread)? })
    }
}

impl From<ClientId> for ClientIdPair {
    fn from(client: ClientId) -> Self {
        Self { process: client.process.into(), thread: client.thread.into() }
    }
}

/// `PS_ATTRIBUTE_LIST`: the length of all in bytes, and directly behind it the attributes.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct AttributeList {
    length: usize,
}

/// `PS_ATTRIBUTE`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Attribute {
    number: usize,
    size: usize,
    value: Out<u8>,
    return_length: Out<usize>,
}

plain!(ClientIdPair, AttributeList, Attribute);

const _: () = assert!(size_of::<ClientIdPair>() == 16 && size_of::<Attribute>() == 32);

/// `PS_ATTRIBUTE_CLIENT_ID`.
const CLIENT_ID: usize = 0x10003;
/// `PS_ATTRIBUTE_TEB_ADDRESS`.
const TEB_ADDRESS: usize = 0x10004;
/// More than there are kinds of attributes that are taken; none is taken twice.
const MOST: usize = 2;

/// Where one value goes, and where its length.
struct Output<T> {
    place: Place<T>,
    length: Option<Place<usize>>,
}

/// What the list asks for.
#[derive(Default)]
pub(super) struct Outputs {
    client_id: Option<Output<ClientIdPair>>,
    teb_address: Option<Output<*mut c_void>>,
}

impl Outputs {
    /// Everything is probed here. A list that is not one, and an attribute that is not known, are `INVALID_PARAMETER`.
    pub(super) fn read(list: In<AttributeList>) -> Result<Self, NtStatus> {
        let mut outputs = Self::default();
        let Some(AttributeList { length }) = list.get()? else {
            return Ok(outputs);
        };
        let count = length.checked_sub(size_of::<AttributeList>()).ok_or(NtStatus::INVALID_PARAMETER)?;
        if !count.is_multiple_of(size_of::<Attribute>()) {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        let mut room = [const { MaybeUninit::uninit() }; MOST];
        for attribute in list.behind::<Attribute>().copy(count / size_of::<Attribute>(), &mut room)? {
            match attribute.number {
                CLIENT_ID => attribute.take(&mut outputs.client_id)?,
                TEB_ADDRESS => attribute.take(&mut outputs.teb_address)?,
                _ => return Err(NtStatus::INVALID_PARAMETER),
            }
        }
        Ok(outputs)
    }

    /// Tells who the thread is. A program of C has no TEBs, and the basic information says the same of a thread that has not
    /// run: null.
    pub(super) fn tell(&self, client: ClientId) {
        if let Some(output) = &self.client_id {
            output.tell(client.into());
        }
        if let Some(output) = &self.teb_address {
            output.tell(core::ptr::null_mut());
        }
    }
}

impl Attribute {
    fn take<T: Plain>(&self, output: &mut Option<Output<T>>) -> Result<(), NtStatus> {
        if self.size != size_of::<T>() || output.is_some() {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        *output = Some(Output { place: self.value.cast().require()?, length: self.return_length.get()? });
        Ok(())
    }
}

impl<T: Plain> Output<T> {
    fn tell(&self, value: T) {
        self.place.set(value);
        if let Some(length) = &self.length {
            length.set(size_of::<T>());
        }
    }
}
