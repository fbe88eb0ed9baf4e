# xkslink for Ruby: the generated bindings, and what Ruby has and they have not, keywords and blocks.
#
# Verbs block their thread, or their fiber where there is a scheduler. What is raised in a thread that waits, such as by
# Timeout, stops the verb. Callbacks are objects with the methods that are asked for, and run on a thread of their own.

require 'ffi'
require 'io/wait'

module Xkslink
  # The native library: that beside the bindings, else that which the system finds.
  NATIVE = begin
    beside = File.expand_path("../generated/#{FFI.map_library_name('xkslink_ffi')}", __dir__)
    File.exist?(beside) ? beside : 'xkslink_ffi'
  end
end

begin
  require_relative '../generated/xkslink'
rescue LoadError => e
  raise LoadError, "xkslink has no native library for #{FFI::Platform::NAME}: build it with `make bindings` (#{e.message})"
end

module Xkslink
  # A finalizer lets go of callbacks, and Ruby lets it take no lock. To delete from a Hash needs none: it is one step of the
  # interpreter.
  class UniffiHandleMap
    def remove(handle)
      @map.delete(handle) or raise InternalError, "UniffiHandleMap.remove: invalid handle #{handle}"
    end
  end

  # What a callback raised, kept while its error passes through Rust.
  Kept = Struct.new(:exception) do
    def text = "#{exception.message} (#{exception.class})"
  end

  # Keeps it, be it a StandardError or not.
  module Keeping
    def uniffi_trait_interface_call(status, call, write, *rest)
      super(status, -> { keeping { call.call } }, ->(answer) { keeping { write.call(answer) } }, *rest)
    end

    private

    def keeping
      yield
    rescue CallbackError::Refused
      raise
    rescue Exception => e # rubocop:disable Lint/RescueException
      raise CallbackError::Refused.new(thrown: Kept.new(e))
    end
  end
  private_constant :Kept, :Keeping
  singleton_class.prepend(Keeping)

  module XksError
    # A message for people, and what a callback raised as the cause.
    class Failed
      def to_s = "#{reason}; #{help}"

      def cause = thrown.is_a?(Kept) ? thrown.exception : super
    end
  end

  # Tells a Logger what is logged.
  LogTo = Struct.new(:logger) do
    def on_record(record)
      severity = LogLevel.constants.find { |name| LogLevel.const_get(name) == record.level }.to_s.downcase
      severity = 'debug' if severity == 'trace'
      logger.public_send(severity, record.target) { record.message }
    end
  end
  private_constant :LogTo

  class << self
    # A client of AWS, or of a simulated one.
    #
    # network, dns, kms:: an Account each; without, the standard chain, or that of the network
    # publisher::         has publish(record) and withdraw(record), for Domain::CALLBACK
    # credential::        has credential, which gives a ProxyCredential, for Credential::CALLBACK
    # simulated::         a simulated AWS instead of the real one
    # logger::            a Logger, which is told each step, every call to AWS, and the AWS SDK's warnings, on a thread of its own
    def connect(network: nil, dns: nil, kms: nil, publisher: nil, credential: nil, simulated: nil, logger: nil)
      Client.new(network, dns, kms, publisher, credential, simulated, logger && LogTo.new(logger))
    end

    # A simulated AWS. Its time is virtual, unless it has a speed: simulated seconds per real second.
    def simulate(hosted_zones: [], speed: nil, seed: nil, consistency_seconds: nil, instant: false, begins_now: false)
      SimulatedAws.new(hosted_zones, speed, seed, consistency_seconds, instant, begins_now)
    end
  end

  # What is given is looked at first: the generated bindings would miss a method in it, show it, or send nothing for a word that they
  # do not know. A message has the class of what was given and never its text, which may be a secret.
  module Looking
    RustBuffer.singleton_methods(false).grep(/\Acheck_lower_(?:Sequence|Type)/).each do |check|
      name = check[/\Acheck_lower_Type(.+)/, 1]
      define_method(check) do |given|
        name ? Looking.at(given, Xkslink.const_get(name)) : Looking.expect(given, Array)
        super(given)
      end
    end

    # What a callback answers.
    %w[AwsCredentials ProxyCredential].each do |name|
      define_method("alloc_from_Type#{name}") do |given|
        public_send("check_lower_Type#{name}", given)
        super(given)
      end
    end

    class << self
      # A value of an enum, or a record; with all that it must have.
      def at(given, type)
        cases = type.constants(false).map { |name| type.const_get(name) }
        names = type.constants(false).map { |name| "#{type}::#{name}" }
        cases.empty? ? expect(given, type) : expect(given, *cases, names: names)
        required = given.class.instance_method(:initialize).parameters.filter_map { |kind, name| name if kind == :keyreq }
        missing = required.find { |name| given.public_send(name).nil? }
        raise TypeError, "#{given.class}: #{missing} is nil" if missing
      end

      def expect(given, *fitting, names: fitting)
        raise TypeError, "expected #{names.join(' or ')}, got #{given.class}" if fitting.none? { |each| each === given }
      end
    end
  end
  RustBuffer.singleton_class.prepend(Looking)

  # The same for objects.
  module Handing
    def uniffi_check_lower(given)
      super
    rescue TypeError => e
      raise TypeError, "#{e.message[/\A.*?, got /]}#{given.class}", cause: nil
    end
  end
  constants.map { |name| const_get(name) }.each do |type|
    type.singleton_class.prepend(Handing) if type.respond_to?(:uniffi_check_lower)
  end

  # The same for texts.
  module Spelling
    def uniffi_utf8(given)
      Looking.expect(given, ->(text) { text.respond_to?(:to_str) }, names: [String])
      super
    end
  end
  singleton_class.prepend(Spelling)
  private_constant :Looking, :Handing, :Spelling

  # What is no spec is told by name, before something in it is missed.
  module Asking
    %i[plan status probe].each do |verb|
      define_method(verb) do |spec, *rest|
        raise TypeError, "spec: expected a Connectivity, got #{spec.class}" unless spec.is_a? Connectivity

        super(spec, *rest)
      end
    end
  end

  # A client can be closed, before the garbage collector finds it.
  module Closing
    # Ends the client. Running verbs go on; later calls fail.
    def close
      return if closed?

      ObjectSpace.undefine_finalizer(self)
      handle, @handle = @handle
      Xkslink.rust_call(:uniffi_xkslink_ffi_fn_free_client, handle)
    end

    def closed? = @handle.nil?

    def uniffi_clone_handle
      raise IOError, 'this Client is closed: make a new one' if closed?

      super
    end
  end
  private_constant :Asking, :Closing
  Client.prepend(Asking, Closing)

  # A run is the enumeration of its events, once. Ask for the result afterwards; leaving early lets the run go on.
  class Run
    include Enumerable

    # Yields each event until the run has ended.
    def each
      return enum_for(:each) unless block_given?

      while (event = next_event)
        yield event
      end
    end
  end
end
