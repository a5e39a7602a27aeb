//! Which images an environment runs: its own by the workspace's version, and in production
//! by digest; everybody's by a tag that stays.

use super::manifests::Manifests;

/// The environment whose images are named by what they contain.
const PRODUCTION: &str = "production";

/// The folder of what every environment shares, which names no image.
pub(super) const BASE: &str = "base";

/// An image by its parts: `registry/name:tag@digest`.
struct Image<'a> {
    registry: &'a str,
    name: &'a str,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl<'a> Image<'a> {
    fn of(image: &'a str) -> Self {
        let (rest, digest) = match image.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (image, None),
        };
        let (registry, last) = rest.rsplit_once('/').unwrap_or(("", rest));
        let (name, tag) = match last.split_once(':') {
            Some((name, tag)) => (name, Some(tag)),
            None => (last, None),
        };
        Self {
            registry,
            name,
            tag,
            digest,
        }
    }

    fn is_ours(&self) -> bool {
        self.name.starts_with("aval-")
    }

    fn is_built_here(&self) -> bool {
        self.registry == "localhost"
    }
}

/// Whether an image is one of this workspace's services.
pub(super) fn is_ours(image: &str) -> bool {
    Image::of(image).is_ours()
}

/// The service whose program an image of this workspace holds.
pub(super) fn service(image: &str) -> Option<&str> {
    Image::of(image).name.strip_prefix("aval-")
}

/// Whether the services' images are fetched from a registry, as where Aval is operated.
pub(super) fn come_from_a_registry(manifests: &Manifests) -> bool {
    images(manifests).any(|(_, image)| {
        let image = Image::of(image);
        image.is_ours() && !image.registry.is_empty() && !image.is_built_here()
    })
}

/// One finding for each image that is not named as it must be.
pub(super) fn findings(manifests: &Manifests, environment: &str, version: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for (workload, text) in images(manifests) {
        let image = Image::of(text);
        let wrong = if image.is_ours() {
            wrong_of_ours(&image, environment, version)
        } else if image.digest.is_none() && image.tag.is_none_or(|tag| tag == "latest") {
            Some("its tag is another image tomorrow".to_owned())
        } else {
            None
        };
        findings.extend(wrong.map(|wrong| format!("{workload} runs {text}: {wrong}")));
    }
    findings
}

fn wrong_of_ours(image: &Image<'_>, environment: &str, version: &str) -> Option<String> {
    if environment == BASE {
        let is_named = image.tag.is_some() || !image.registry.is_empty();
        return is_named.then(|| "an image is named by an environment, not here".to_owned());
    }
    if environment == PRODUCTION && image.digest.is_none_or(|digest| !is_sha256(digest)) {
        return Some("production names images by digest".to_owned());
    }
    let expected = if image.is_built_here() {
        "dev"
    } else {
        version
    };
    (image.tag != Some(expected)).then(|| format!("its tag must be {expected}"))
}

fn is_sha256(digest: &str) -> bool {
    let digits = digest.strip_prefix("sha256:").unwrap_or_default();
    digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

fn images(manifests: &Manifests) -> impl Iterator<Item = (&str, &str)> {
    manifests.workloads.iter().flat_map(|workload| {
        let containers = workload.containers.iter();
        containers.map(|container| (workload.name.as_str(), container.image.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn running(image: &str) -> Manifests {
        let documents = json!([{
            "kind": "Job",
            "metadata": {"name": "one"},
            "spec": {"template": {"spec": {"containers": [{"image": image}]}}},
        }]);
        Manifests::parse(&documents.to_string()).expect("valid manifests")
    }

    fn found(image: &str, environment: &str) -> Vec<String> {
        findings(&running(image), environment, "1.2.3")
    }

    #[test]
    fn images_named_as_they_must_be_are_in_order() {
        let digest = format!("r.example:5000/aval-a:1.2.3@sha256:{}", "a".repeat(64));
        for (image, environment) in [
            ("aval-a", "base"),
            ("localhost/aval-a:dev", "dev"),
            ("r.example:5000/aval-a:1.2.3", "staging"),
            (digest.as_str(), "production"),
            ("docker.io/library/redis:8.0.2", "production"),
        ] {
            assert_eq!(found(image, environment), Vec::<String>::new(), "{image}");
        }
    }

    #[test]
    fn a_tag_of_another_version_is_found() {
        assert_eq!(
            found("r.example/aval-a:1.2.2", "staging"),
            ["one runs r.example/aval-a:1.2.2: its tag must be 1.2.3"]
        );
        assert_eq!(found("r.example:5000/aval-a", "staging").len(), 1);
        assert_eq!(found("localhost/aval-a:1.2.3", "dev").len(), 1);
    }

    #[test]
    fn production_takes_nothing_but_a_digest() {
        for image in ["r.example/aval-a:1.2.3", "r.example/aval-a:1.2.3@sha256:ab"] {
            let found = found(image, "production");
            assert!(found[0].ends_with("production names images by digest"));
        }
        let another = format!("r.example/aval-a:1.2.2@sha256:{}", "0".repeat(64));
        assert!(found(&another, "production")[0].ends_with("its tag must be 1.2.3"));
    }

    #[test]
    fn what_moves_is_found_and_so_is_an_image_in_base() {
        assert_eq!(found("redis", "dev").len(), 1);
        assert_eq!(found("docker.io/library/redis:latest", "dev").len(), 1);
        assert_eq!(found("aval-a:1.2.3", "base").len(), 1);
    }

    #[test]
    fn an_image_of_this_machine_comes_from_no_registry() {
        assert!(come_from_a_registry(&running("r.example/aval-a:1")));
        assert!(!come_from_a_registry(&running("localhost/aval-a:dev")));
        assert!(!come_from_a_registry(&running("aval-a")));
        assert!(!come_from_a_registry(&running("docker.io/library/redis:8")));
    }
}
