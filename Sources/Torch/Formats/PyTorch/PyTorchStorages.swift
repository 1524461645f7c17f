/// Where the storages of a `.pth` file are.
protocol PyTorchStorages {
  /// All bytes of a storage that the file's pickle declares.
  func read(_ storage: PickledStorage) throws -> [UInt8]
}
