//! No RPC without a test of who may not call it.

use std::collections::BTreeSet;

use prost::Message as _;

use crate::callers::RPCS;

#[test]
fn every_rpc_of_the_contract_is_tried_by_somebody_who_may_not() {
    let files = prost_types::FileDescriptorSet::decode(aval_proto::FILE_DESCRIPTOR_SET).unwrap();
    let services = files
        .file
        .iter()
        .filter(|file| file.package() == "aval.audit.v1");
    let declared: BTreeSet<String> = services
        .flat_map(|file| &file.service)
        .flat_map(|service| {
            let methods = service.method.iter();
            methods.map(|method| format!("{}/{}", service.name(), method.name()))
        })
        .collect();
    assert_eq!(declared.len(), RPCS.len());
    let untried: Vec<_> = declared
        .iter()
        .filter(|rpc| !RPCS.contains(&rpc.as_str()))
        .collect();
    assert_eq!(untried, Vec::<&String>::new());
}
