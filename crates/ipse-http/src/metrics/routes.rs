//! The routes that requests are counted by: paths with their names and ids taken out, so that nobody can make up new ones.

use ipse_core::metrics::Requests;

/// Every route that is told from others.
const ROUTES: [&str; 37] = [
    // Asked for more often than everything else.
    "/sessions/whoami",
    "/self-service/login/browser",
    "/self-service/login/api",
    "/self-service/login/flows",
    "/self-service/login",
    "/self-service/registration/browser",
    "/self-service/registration/api",
    "/self-service/registration/flows",
    "/self-service/registration",
    "/self-service/settings/browser",
    "/self-service/settings/api",
    "/self-service/settings/flows",
    "/self-service/settings",
    "/self-service/recovery/browser",
    "/self-service/recovery/api",
    "/self-service/recovery/flows",
    "/self-service/recovery",
    "/self-service/verification/browser",
    "/self-service/verification/api",
    "/self-service/verification/flows",
    "/self-service/verification",
    "/self-service/logout",
    "/self-service/errors",
    "/self-service/methods",
    "/sessions/token-exchange",
    "/sessions",
    "/schemas",
    "/identities",
    "/recovery",
    "/courier/messages",
    "/health/alive",
    "/health/ready",
    "/health",
    "/metrics/prometheus",
    "/version",
    "/ui",
    OTHER,
];

/// Everything else.
const OTHER: &str = "other";

const _: () = assert!(ROUTES.len() <= Requests::ROUTES);

/// The name of a route.
pub(crate) fn name(route: usize) -> &'static str {
    ROUTES.get(route).copied().unwrap_or(OTHER)
}

/// The route of a path: the first one at or above it.
pub(crate) fn route(path: &str) -> usize {
    let path = match path.strip_prefix("/admin") {
        Some(rest) if rest.starts_with('/') => rest,
        _ => path,
    };
    let at_or_below = |route: &&str| {
        path.strip_prefix(*route)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let found = ROUTES.iter().position(at_or_below);
    found.unwrap_or(ROUTES.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_inventions_make_no_routes() {
        for (path, expected) in [
            ("/sessions/whoami", "/sessions/whoami"),
            ("/sessions/4d3fd52", "/sessions"),
            ("/admin/identities/4d3fd52/sessions", "/identities"),
            ("/identities", "/identities"),
            ("/self-service/login", "/self-service/login"),
            ("/self-service/login/browser", "/self-service/login/browser"),
            ("/self-service/loginX", OTHER),
            ("/ui/login", "/ui"),
            ("/admin", OTHER),
            ("/", OTHER),
            ("", OTHER),
        ] {
            assert_eq!(ROUTES[route(path)], expected, "{path}");
        }
    }
}
