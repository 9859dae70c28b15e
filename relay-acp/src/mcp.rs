//! Servers of tools that an agent is told of when a session opens.

use std::collections::BTreeMap;

use agent_client_protocol_schema::v1::{
    EnvVariable, HttpHeader, McpCapabilities, McpServer as Wire, McpServerHttp, McpServerSse, McpServerStdio,
};

/// A server that speaks the Model Context Protocol.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum McpServer {
    /// A program that the agent starts.
    Program {
        /// Its name towards the agent.
        name: String,
        /// The program and its arguments.
        command: Vec<String>,
        /// Variables of its environment.
        env: BTreeMap<String, String>,
    },
    /// A server that the agent connects to.
    Http {
        /// Its name towards the agent.
        name: String,
        /// Where it is.
        url: String,
        /// Headers of every request.
        headers: BTreeMap<String, String>,
    },
    /// The same with server-sent events, the older way.
    Sse {
        /// Its name towards the agent.
        name: String,
        /// Where it is.
        url: String,
        /// Headers of every request.
        headers: BTreeMap<String, String>,
    },
}

/// Names only: variables and headers may be secrets.
impl std::fmt::Debug for McpServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("McpServer").field(&self.name()).finish()
    }
}

impl McpServer {
    /// Its name towards the agent.
    pub fn name(&self) -> &str {
        match self {
            Self::Program { name, .. } | Self::Http { name, .. } | Self::Sse { name, .. } => name,
        }
    }

    fn wire(&self) -> Wire {
        let headers = |headers: &BTreeMap<String, String>| {
            headers.iter().map(|(name, value)| HttpHeader::new(name, value)).collect::<Vec<_>>()
        };
        match self {
            Self::Program { name, command, env } => {
                let (program, arguments) =
                    command.split_first().map_or(("", &[][..]), |(p, a)| (p.as_str(), a));
                let env = env.iter().map(|(name, value)| EnvVariable::new(name, value)).collect();
                Wire::Stdio(McpServerStdio::new(name, program).args(arguments.to_vec()).env(env))
            }
            Self::Http { name, url, headers: given } => {
                Wire::Http(McpServerHttp::new(name, url).headers(headers(given)))
            }
            Self::Sse { name, url, headers: given } => {
                Wire::Sse(McpServerSse::new(name, url).headers(headers(given)))
            }
        }
    }
}

/// Those servers that the agent can reach, as the protocol writes them, and the names of the others.
pub(crate) fn offered(servers: &[McpServer], can: &McpCapabilities) -> (Vec<Wire>, Vec<String>) {
    let mut offered = Vec::new();
    let mut left_out = Vec::new();
    for server in servers {
        let reaches = match server {
            McpServer::Program { .. } => true,
            McpServer::Http { .. } => can.http,
            McpServer::Sse { .. } => can.sse,
        };
        if reaches {
            offered.push(server.wire());
        } else {
            left_out.push(server.name().to_owned());
        }
    }
    (offered, left_out)
}

#[cfg(test)]
mod tests {
    use agent_client_protocol_schema::v1::McpCapabilities;
    use serde_json::json;

    use super::{McpServer, offered};

    #[test]
    fn servers_that_the_agent_cannot_reach_are_left_out() {
        let map = |name: &str, value: &str| [(name.to_owned(), value.to_owned())].into();
        let servers = [
            McpServer::Program {
                name: "files".into(),
                command: vec!["mcp".into(), "-v".into()],
                env: map("A", "b"),
            },
            McpServer::Http { name: "web".into(), url: "http://localhost/".into(), headers: map("X", "y") },
            McpServer::Sse { name: "old".into(), url: "http://localhost/sse".into(), headers: map("X", "y") },
        ];
        let (wire, left_out) = offered(&servers, &McpCapabilities::new().http(true));
        assert_eq!(left_out, ["old"]);
        assert_eq!(
            serde_json::to_value(wire).expect("plain data"),
            json!([
                {"name":"files","command":"mcp","args":["-v"],"env":[{"name":"A","value":"b"}]},
                {"type":"http","name":"web","url":"http://localhost/","headers":[{"name":"X","value":"y"}]},
            ])
        );
        assert_eq!(format!("{:?}", servers[0]), r#"McpServer("files")"#);
    }
}
