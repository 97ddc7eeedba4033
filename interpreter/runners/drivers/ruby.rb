# Runs the cells of a Ruby that stays; `driven_process.py` says how the two talk.

require "socket"
require "ripper"

module InterpreterDriver
  ASSIGNED = %i[assign opassign massign].freeze # what nobody asked to see; `irb` shortens it

  def self.drive(port, key)
    control = TCPSocket.new("127.0.0.1", port.to_i)
    control.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1)
    control.puts(key)
    streams = [STDOUT, STDERR].map(&:dup) # where the cell's output goes, whatever it does to its own
    process = Process.pid
    trap("INT") { raise Interrupt if @running } # else it comes too late
    while (line = control.gets)
      token, folder = line.chomp.split(" ", 2)
      streams.each { |stream| stream.syswrite("\e]133;C;#{token}\a") }
      status = run(folder)
      exit!(0) if Process.pid != process # a child that went on behind `fork`
      [STDOUT, STDERR].each { |stream| stream.flush unless stream.closed? }
      streams.each { |stream| stream.syswrite("\e]133;D;#{token}\a") }
      control.puts("#{token} #{status}")
    end
  end

  def self.run(folder)
    code = File.read(File.join(folder, "cell"), encoding: Encoding::UTF_8)
    @running = true
    value = TOPLEVEL_BINDING.eval(code, $PROGRAM_NAME, 1)
    shown = value.nil? || ASSIGNED.include?(Ripper.sexp(code)&.dig(1, -1, 0)) ? nil : value.inspect
    File.write(File.join(folder, "value"), shown) if shown
    "ok"
  rescue SystemExit
    raise
  rescue Interrupt
    "error"
  rescue Exception => error
    @running = false
    STDERR.puts(told(error))
    "error"
  ensure
    @running = false
  end

  # Its words and trace, without the frames that are ours.
  def self.told(error)
    one = error
    while one
      one.set_backtrace(one.backtrace.take_while { |place| !place.start_with?(__FILE__) }) if one.backtrace
      one = one.cause
    end
    return "#{error.message.chomp} (#{error.class})" if error.backtrace.to_a.empty? # a syntax error knows its place

    error.full_message(highlight: false, order: :top)
  end
end

Encoding.default_external = Encoding::UTF_8
STDOUT.sync = true
$PROGRAM_NAME = File.join(Dir.pwd, "cell.rb") # what a cell requires is looked for from the working folder
InterpreterDriver.drive(*ENV.delete("INTERPRETER_CONTROL").split)
