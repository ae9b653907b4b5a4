//! `tracing`: where traces are sent to.

use url::Url;

section! {
    /// Distributed tracing.
    pub struct Tracing {
        /// The name this server goes by in traces.
        pub service_name: Option<String>,
        /// The environment this server runs in, such as `production`.
        pub deployment_environment: Option<String>,
        /// Which of the providers below is used.
        pub provider: Option<TracingProvider>,
        /// Addresses and sampling, by provider.
        pub providers: TracingProviders,
    }
}

choice! {
    /// A tracing protocol.
    pub enum TracingProvider {
        /// Jaeger's own protocol.
        Jaeger = "jaeger",
        /// OTLP.
        Otel = "otel",
        /// Zipkin.
        Zipkin = "zipkin",
    }
}

section! {
    /// Settings of the tracing protocols.
    pub struct TracingProviders {
        /// Jaeger.
        pub jaeger: Jaeger,
        /// Zipkin.
        pub zipkin: Zipkin,
        /// OTLP.
        pub otlp: Otlp,
    }
}

section! {
    /// A Jaeger agent.
    pub struct Jaeger {
        /// Host and port of the agent.
        pub local_agent_address: Option<String>,
        /// Which requests are traced.
        pub sampling: JaegerSampling,
    }
}

section! {
    /// Which requests are traced with Jaeger.
    pub struct JaegerSampling {
        /// A server that decides about sampling.
        pub server_url: Option<Url>,
        /// The share of requests that are traced.
        #[schemars(range(min = 0.0, max = 1.0))]
        pub trace_id_ratio: Option<f64>,
    }
}

section! {
    /// A Zipkin collector.
    pub struct Zipkin {
        /// The address spans are sent to.
        pub server_url: Option<Url>,
        /// Which requests are traced.
        pub sampling: RatioSampling,
    }
}

section! {
    /// An OTLP collector.
    pub struct Otlp {
        /// Host and port spans are sent to.
        pub server_url: Option<String>,
        /// Send without TLS.
        pub insecure: bool = false,
        /// Which requests are traced.
        pub sampling: RatioSampling,
        /// The value of the `Authorization` header.
        pub authorization_header: Option<crate::Secret>,
    }
}

section! {
    /// Which requests are traced.
    pub struct RatioSampling {
        /// The share of requests that are traced.
        #[schemars(range(min = 0.0, max = 1.0))]
        pub sampling_ratio: Option<f64>,
    }
}
