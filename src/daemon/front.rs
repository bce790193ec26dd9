//! The HTTP server beside the generations: it stays where it listens while they come and go.

use std::net::SocketAddr;

use crate::{
    config,
    http::{AppState, BindError, Listening, Server, World, router},
};

/// The server, if there is one, and what its handlers see.
pub(super) struct Front {
    state: AppState,
    server: Option<Server>,
}

/// What new settings make of the server. The new address is taken before anything of the old one is
/// given up.
pub(super) enum Change {
    Stay,
    Close,
    Move(Listening),
}

impl Front {
    /// Answers health checks from here on, and everything else when there is a world.
    pub(super) async fn open(
        settings: &config::Http,
        state: AppState,
        listening: Option<Listening>,
    ) -> Result<Self, BindError> {
        let mut front = Self {
            state,
            server: None,
        };
        let change = match listening {
            Some(listening) => Change::Move(listening),
            None => front.change(settings).await?,
        };
        front.make(change).await;
        Ok(front)
    }

    /// Takes the address of new settings.
    pub(super) async fn change(&self, settings: &config::Http) -> Result<Change, BindError> {
        let at = self.server.as_ref().map(Server::wanted);
        let wanted: Option<SocketAddr> = settings.enabled.then_some(settings.listen);
        match (at, wanted) {
            (at, Some(wanted)) if at != Some(wanted) => {
                Ok(Change::Move(Listening::at(wanted).await?))
            }
            (Some(_), None) => Ok(Change::Close),
            _ => Ok(Change::Stay),
        }
    }

    /// From here on requests see this.
    pub(super) async fn enter(&mut self, change: Change, world: World) {
        self.state.enter(world);
        self.make(change).await;
    }

    async fn make(&mut self, change: Change) {
        let old = match change {
            Change::Stay => None,
            Change::Close => self.server.take(),
            Change::Move(listening) => {
                let server = listening.serve(router(self.state.clone()));
                self.server.replace(server)
            }
        };
        if let Some(old) = old {
            old.stop().await;
        }
    }

    /// Answers nothing but that the daemon is alive and stops.
    pub(super) fn leave(&self) {
        self.state.leave();
    }

    /// Answers nothing any more.
    pub(super) async fn close(self) {
        if let Some(server) = self.server {
            server.stop().await;
        }
    }
}
