//! The networks once for all who are given layer by layer: burn, candle, and models in ONNX.

use tensorlet_benches::case::Network;

/// What a peer calls the layers. Parameters go by name.
pub(crate) trait Layers {
    type Value;
    type Error;

    fn conv(&mut self, x: Self::Value, name: &str, padding: usize) -> Result<Self::Value, Self::Error>;
    fn linear(&mut self, x: Self::Value, name: &str) -> Result<Self::Value, Self::Error>;
    fn sigmoid(&mut self, x: Self::Value) -> Result<Self::Value, Self::Error>;
    fn relu(&mut self, x: Self::Value) -> Result<Self::Value, Self::Error>;
    /// Over windows of 2 × 2.
    fn avg_pool(&mut self, x: Self::Value) -> Result<Self::Value, Self::Error>;
    /// Over windows of 2 × 2.
    fn max_pool(&mut self, x: Self::Value) -> Result<Self::Value, Self::Error>;
    fn flatten(&mut self, x: Self::Value) -> Result<Self::Value, Self::Error>;
}

/// Whether [`forward`] knows a network.
pub(crate) fn known(network: Network) -> bool {
    network != Network::CharGru
}

/// The output of a network.
pub(crate) fn forward<L: Layers>(network: Network, l: &mut L, x: L::Value) -> Result<L::Value, L::Error> {
    match network {
        Network::Lenet => {
            let y = l.conv(x, "conv1", 2)?;
            let y = l.sigmoid(y)?;
            let y = l.avg_pool(y)?;
            let y = l.conv(y, "conv2", 0)?;
            let y = l.sigmoid(y)?;
            let y = l.avg_pool(y)?;
            let y = l.flatten(y)?;
            let y = l.linear(y, "fc1")?;
            let y = l.sigmoid(y)?;
            let y = l.linear(y, "fc2")?;
            let y = l.sigmoid(y)?;
            l.linear(y, "fc3")
        }
        Network::Mlp => {
            let y = l.linear(x, "fc1")?;
            let y = l.relu(y)?;
            l.linear(y, "fc2")
        }
        Network::Digits => {
            let y = l.conv(x, "conv1", 1)?;
            let y = l.relu(y)?;
            let y = l.max_pool(y)?;
            let y = l.conv(y, "conv2", 1)?;
            let y = l.relu(y)?;
            let y = l.max_pool(y)?;
            let y = l.flatten(y)?;
            l.linear(y, "fc")
        }
        Network::CharGru => unreachable!("not a chain of these layers"),
    }
}
