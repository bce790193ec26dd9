//! Traces for an OpenTelemetry collector: OTLP over HTTP, in protobuf.
//!
//! What must stay true:
//!
//! * ended spans wait in a queue of limited length for a thread of their own; a collector that does
//!   not answer costs spans and nothing else,
//! * spans that find the queue full are counted, and so are those that the collector does not take,
//! * the library's own environment variables (`OTEL_…`) change nothing: the configuration is one file,
//! * every value passes the redaction of the log before it leaves, and events stay with the log,
//! * trouble is one line in the log, and again only after a while.

mod counted;

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use opentelemetry::{
    KeyValue, Value,
    trace::{Status, TracerProvider as _},
};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, SpanExporter as OtlpExporter, WithExportConfig as _,
    WithHttpConfig as _,
};
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    trace::{
        BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider, SpanData, SpanEvents,
        SpanExporter, SpanLimits,
    },
};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, InvalidHeaderValue};
use secrecy::ExposeSecret;
use tokio::runtime::{Handle, TryCurrentError};
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

use self::counted::{Counted, Queue};
use super::{Collector, SPANS, Secrets};
use crate::outbound::{self, Http, HttpSettings};

/// How long the end of the process waits for spans to arrive.
pub const LAST_EXPORT: Duration = Duration::from_secs(3);

/// Spans that wait, about a MiB at most; more are dropped.
const WAITING: usize = 4096;
/// Spans in one request.
const BATCH: usize = 512;
/// From one request to the next, unless a batch is full before.
const EXPORT_INTERVAL: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Tries included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// An answer says how many spans were taken.
const ANSWER_LIMIT: usize = 64 * 1024;
/// From one line about trouble to the next.
const REPORT_INTERVAL: Duration = Duration::from_mins(5);

/// Traces cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// The HTTP client cannot be built.
    #[error("the collector of traces cannot be called")]
    Http(#[from] outbound::HttpError),
    /// The exporter does not take its settings.
    #[error("the exporter of traces does not take its settings")]
    Exporter(#[from] ExporterBuildError),
    /// The header cannot be sent.
    #[error("the collector's header cannot be sent")]
    Header(#[from] InvalidHeaderValue),
    /// Somebody has to drive the connections.
    #[error("traces are sent from a Tokio runtime only")]
    Runtime(#[from] TryCurrentError),
}

/// The way to the collector.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
    queue: Queue,
}

impl Traces {
    /// Sets up the way; nothing is sent yet. The runtime that this is called in drives the connections.
    ///
    /// # Errors
    /// [`TracesError`] says what is wrong with the settings or the place.
    pub fn begin(collector: &Collector, secrets: Secrets) -> Result<Self, TracesError> {
        let queue = Queue::new(WAITING);
        let masked = Masked {
            exporter: exporter(collector)?,
            secrets,
            queue: queue.clone(),
            refused: Trouble::default(),
            turned_away: Trouble::default(),
        };
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(WAITING)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(EXPORT_INTERVAL)
            .build();
        let inner = BatchSpanProcessor::builder(masked)
            .with_batch_config(batches)
            .build();
        let counted = Counted {
            queue: queue.clone(),
            inner,
        };
        let sampler = Sampler::TraceIdRatioBased(collector.sample_ratio);
        let provider = SdkTracerProvider::builder()
            .with_span_processor(counted)
            .with_span_limits(SpanLimits::default())
            .with_sampler(Sampler::ParentBased(Box::new(sampler)))
            .with_resource(resource())
            .build();
        Ok(Self { provider, queue })
    }

    /// Spans that no collector has got so far: they found the queue full, or were not taken.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.queue.lost()
    }

    /// Takes the spans of this program, and nothing else.
    #[must_use]
    pub fn layer<S>(&self) -> Box<dyn Layer<S> + Send + Sync>
    where
        S: Subscriber + for<'s> LookupSpan<'s> + Send + Sync,
    {
        let ours = filter_fn(|meta| meta.is_span() && meta.target() == SPANS);
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(env!("CARGO_PKG_NAME")))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_level(false)
            .with_tracked_inactivity(false)
            .with_filter(ours.with_max_level_hint(LevelFilter::INFO))
            .boxed()
    }

    /// Sends what is waiting, for [`LAST_EXPORT`] at most. Blocks; the connections need another thread
    /// of the runtime.
    pub fn end(self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LAST_EXPORT) {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the last traces could not be exported"
            );
        }
        let lost = self.lost();
        if lost > 0 {
            tracing::info!(lost, "spans that no collector has got since the start");
        }
    }
}

fn resource() -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    Resource::builder_empty()
        .with_service_name(env!("CARGO_PKG_NAME"))
        .with_attribute(version)
        .build()
}

fn exporter(collector: &Collector) -> Result<OtlpExporter, TracesError> {
    let http = Http::new(&HttpSettings {
        connect_timeout: CONNECT_TIMEOUT,
        request_timeout: REQUEST_TIMEOUT,
    })?;
    let runtime = Handle::try_current()?;
    let mut headers = HeaderMap::new();
    if let Some(header) = &collector.header {
        let mut value = HeaderValue::from_str(header.value.expose_secret())?;
        value.set_sensitive(true);
        headers.insert(header.name.clone(), value);
    }
    // What is not said here, the library takes from the environment.
    let exporter = OtlpExporter::builder()
        .with_http()
        .with_http_client(Client {
            http,
            runtime,
            headers,
        })
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(collector.endpoint.as_str())
        .with_timeout(REQUEST_TIMEOUT)
        .build()?;
    Ok(exporter)
}

/// Our HTTP client, for a thread that is none of the runtime's.
struct Client {
    http: Http,
    runtime: Handle,
    /// Those of the configuration.
    headers: HeaderMap,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let mut request = reqwest::Request::try_from(request)?;
        let kind = request.headers_mut().remove(CONTENT_TYPE);
        // Any other header comes from the environment.
        request.headers_mut().clone_from(&self.headers);
        if let Some(kind) = kind {
            request.headers_mut().insert(CONTENT_TYPE, kind);
        }
        let http = self.http.clone();
        let asked = self
            .runtime
            .spawn(async move { http.ask(request, ANSWER_LIMIT).await });
        let answer = asked.await?.map_err(|trouble| trouble.to_string())?;
        let mut response = Response::new(Bytes::from(answer.body));
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }
}

/// The exporter behind the redaction.
#[derive(Debug)]
struct Masked {
    exporter: OtlpExporter,
    secrets: Secrets,
    queue: Queue,
    refused: Trouble,
    turned_away: Trouble,
}

impl SpanExporter for Masked {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        self.queue.leave(spans);
        for span in &mut batch {
            mask(span, &self.secrets);
        }
        let result = self.exporter.export(batch).await;
        if let Err(error) = &result {
            self.queue.lose(spans);
            self.refused.report(spans, error);
        }
        self.turned_away.report_full(self.queue.turned_away());
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

fn mask(span: &mut SpanData, secrets: &Secrets) {
    for attribute in &mut span.attributes {
        let text = attribute.value.to_string();
        let masked = secrets.mask_named(attribute.key.as_str(), &text);
        if masked != text {
            attribute.value = Value::from(masked.into_owned());
        }
    }
    span.name = secrets.mask(&span.name).into_owned().into();
    if let Status::Error { description } = &mut span.status {
        *description = secrets.mask(description).into_owned().into();
    }
    span.events = SpanEvents::default();
}

/// Spans that are lost for one reason.
#[derive(Debug, Default)]
struct Trouble(Mutex<(usize, Option<Instant>)>);

impl Trouble {
    fn report(&self, spans: usize, error: &OTelSdkError) {
        if let Some(lost) = self.lost(spans) {
            tracing::warn!(
                lost,
                error = error as &dyn std::error::Error,
                "traces cannot be exported; these spans are lost, orders are not affected"
            );
        }
    }

    fn report_full(&self, spans: usize) {
        if spans > 0
            && let Some(lost) = self.lost(spans)
        {
            tracing::warn!(
                lost,
                "traces come faster than the collector takes them; these spans are lost, orders are not affected"
            );
        }
    }

    /// The spans that were lost since the last line, when it is time for another one.
    fn lost(&self, spans: usize) -> Option<usize> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (lost, reported) = &mut *state;
        *lost += spans;
        if reported.is_some_and(|at| at.elapsed() < REPORT_INTERVAL) {
            return None;
        }
        *reported = Some(Instant::now());
        Some(std::mem::take(lost))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_told_once_and_not_for_every_batch() {
        let trouble = Trouble::default();
        assert_eq!(trouble.lost(512), Some(512));
        assert_eq!((trouble.lost(512), trouble.lost(512)), (None, None));
    }
}
