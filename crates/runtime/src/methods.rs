//! The methods of the contract, as its descriptors have them.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use prost::Message;
use prost_types::FileDescriptorSet;

use crate::telemetry::MethodLabel;

/// One method.
#[derive(Debug)]
pub(crate) struct Method {
    /// The full name of its gRPC service.
    pub(crate) service: Arc<str>,
    /// What it is called in metrics and traces.
    pub(crate) label: MethodLabel,
    /// Whether requests or answers are streams: then no default deadline applies.
    pub(crate) is_streaming: bool,
    /// Whether a call that may have been worked on already may be made once more: it
    /// reads, or it says by an id that it is the same.
    pub(crate) may_repeat: bool,
}

/// The calls that are something new each time: what they use up or open tells no
/// repetition from a second wish.
const NEVER_REPEATED: [&str; 2] = [
    "aval.identity.v1.SessionService/ExchangeToken",
    "aval.identity.v1.SessionService/RefreshToken",
];

/// The methods by the path of their calls, `/package.Service/Method`.
#[derive(Debug, Default)]
pub(crate) struct Methods(HashMap<String, Arc<Method>>);

impl Methods {
    /// Those of the contract, of health and of reflection.
    pub(crate) fn known() -> &'static Self {
        static KNOWN: OnceLock<Methods> = OnceLock::new();
        KNOWN.get_or_init(|| {
            let mut methods = Self::default();
            for descriptors in [
                aval_proto::FILE_DESCRIPTOR_SET,
                tonic_health::pb::FILE_DESCRIPTOR_SET,
                tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
                tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
            ] {
                methods.add(descriptors);
            }
            methods
        })
    }

    pub(crate) fn find(&self, path: &str) -> Option<&Arc<Method>> {
        self.0.get(path)
    }

    fn add(&mut self, descriptors: &[u8]) {
        let set = FileDescriptorSet::decode(descriptors)
            .expect("the descriptors that were compiled in can be read");
        for file in &set.file {
            for service in &file.service {
                let full_name: Arc<str> =
                    Arc::from(format!("{}.{}", file.package(), service.name()));
                for method in &service.method {
                    // They are read once, and live as long as the process.
                    let label = format!("{full_name}/{}", method.name()).leak();
                    let is_streaming = method.client_streaming() || method.server_streaming();
                    let entry = Method {
                        service: Arc::clone(&full_name),
                        label: MethodLabel::known(label),
                        is_streaming,
                        may_repeat: !is_streaming && !NEVER_REPEATED.contains(&&*label),
                    };
                    self.0.insert(format!("/{label}"), Arc::new(entry));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_methods_of_the_contract_of_health_and_of_reflection_are_known() {
        let find = |path: &str| Methods::known().find(path);
        let append = find("/aval.audit.v1.TrailService/AppendEvents").unwrap();
        assert_eq!(&*append.service, "aval.audit.v1.TrailService");
        assert_eq!(
            append.label.as_str(),
            "aval.audit.v1.TrailService/AppendEvents"
        );
        assert!(!append.is_streaming);
        assert!(
            find("/aval.audit.v1.TrailService/WatchEvents")
                .unwrap()
                .is_streaming
        );
        assert!(!find("/grpc.health.v1.Health/Check").unwrap().is_streaming);
        assert!(find("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo").is_some());
        assert!(append.may_repeat);
        for call in NEVER_REPEATED {
            assert!(!find(&format!("/{call}")).unwrap().may_repeat, "{call}");
        }
        assert!(find("/aval.audit.v1.TrailService/Guess").is_none());
        assert!(find("").is_none());
    }
}
