//! What `deploy/` uses of foreign kinds, by the definitions of cert-manager 1.18,
//! external-secrets 0.19 and prometheus-operator 0.84. Whoever uses another field looks it
//! up there, and adds it here.

use super::Need::{Optional, Required};
use super::Shape::{self, Duration, Fields, Flag, List, OneOf, Text, Texts, Whole};

/// Of every kind.
pub(super) const METADATA: Shape = Fields(&[
    ("name", Required, Text),
    ("namespace", Required, Text),
    ("labels", Optional, Texts),
    ("annotations", Optional, Texts),
]);

/// Group and version, kind, and its `spec`.
pub(super) const KINDS: &[(&str, &str, Shape)] = &[
    ("cert-manager.io/v1", "Certificate", CERTIFICATE),
    ("cert-manager.io/v1", "Issuer", ISSUER),
    ("external-secrets.io/v1", "ExternalSecret", EXTERNAL_SECRET),
    ("monitoring.coreos.com/v1", "PodMonitor", POD_MONITOR),
    (
        "monitoring.coreos.com/v1",
        "PrometheusRule",
        PROMETHEUS_RULE,
    ),
];

const CERTIFICATE: Shape = Fields(&[
    ("secretName", Required, Text),
    ("commonName", Optional, Text),
    ("dnsNames", Optional, List(&Text)),
    ("uris", Optional, List(&Text)),
    ("isCA", Optional, Flag),
    ("duration", Required, Duration),
    ("renewBefore", Required, Duration),
    (
        "privateKey",
        Required,
        Fields(&[
            ("algorithm", Required, OneOf(&["ECDSA", "Ed25519", "RSA"])),
            ("size", Optional, Whole),
            ("rotationPolicy", Required, OneOf(&["Always", "Never"])),
        ]),
    ),
    (
        "usages",
        Required,
        List(&OneOf(&[
            "cert sign",
            "client auth",
            "crl sign",
            "digital signature",
            "server auth",
        ])),
    ),
    (
        "issuerRef",
        Required,
        Fields(&[
            ("group", Required, OneOf(&["cert-manager.io"])),
            ("kind", Required, OneOf(&["Issuer", "ClusterIssuer"])),
            ("name", Required, Text),
        ]),
    ),
]);

const ISSUER: Shape = Fields(&[
    ("ca", Optional, Fields(&[("secretName", Required, Text)])),
    ("selfSigned", Optional, Fields(&[])),
]);

const EXTERNAL_SECRET: Shape = Fields(&[
    ("refreshInterval", Required, Duration),
    (
        "secretStoreRef",
        Required,
        Fields(&[
            (
                "kind",
                Required,
                OneOf(&["SecretStore", "ClusterSecretStore"]),
            ),
            ("name", Required, Text),
        ]),
    ),
    (
        "target",
        Required,
        Fields(&[
            ("creationPolicy", Required, OneOf(&["Owner", "Orphan"])),
            ("deletionPolicy", Required, OneOf(&["Retain"])),
        ]),
    ),
    (
        "data",
        Required,
        List(&Fields(&[
            ("secretKey", Required, Text),
            (
                "remoteRef",
                Required,
                Fields(&[
                    ("key", Required, Text),
                    ("property", Optional, Text),
                    ("version", Optional, Text),
                ]),
            ),
        ])),
    ),
]);

const POD_MONITOR: Shape = Fields(&[
    ("jobLabel", Required, Text),
    (
        "selector",
        Required,
        Fields(&[("matchLabels", Required, Texts)]),
    ),
    (
        "podMetricsEndpoints",
        Required,
        List(&Fields(&[
            ("port", Required, Text),
            ("path", Required, Text),
            ("scheme", Required, OneOf(&["http", "https"])),
            ("interval", Required, Duration),
            (
                "relabelings",
                Optional,
                List(&Fields(&[
                    ("action", Required, OneOf(&["replace"])),
                    ("sourceLabels", Required, List(&Text)),
                    ("targetLabel", Required, Text),
                ])),
            ),
        ])),
    ),
]);

const PROMETHEUS_RULE: Shape = Fields(&[(
    "groups",
    Required,
    List(&Fields(&[
        ("name", Required, Text),
        ("interval", Optional, Duration),
        (
            "rules",
            Required,
            List(&Fields(&[
                ("alert", Required, Text),
                ("expr", Required, Text),
                ("for", Optional, Duration),
                ("labels", Required, Texts),
                ("annotations", Required, Texts),
            ])),
        ),
    ])),
)]);
